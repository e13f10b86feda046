#pragma once
// What PollSchedule keeps. Included by its own sources alone.

#include "services/poll_schedule.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace mds {

struct PollSchedule::Range {
    MissedReason reason;
    UtcTime first;
    UtcTime last;
    std::int64_t ticks;
    std::shared_ptr<std::vector<Symbol> const> symbols;  ///< the group's when it was opened: members may change before it is handed out
};

struct PollSchedule::Group {
    struct BackOff {
        int failures = 0;
        SteadyTime until{};
    };
    enum class State { idle, waiting, fetching, storing };  ///< waiting: for its turn at the provider

    Lane* lane = nullptr;
    std::uint64_t id = 0;
    HashPrefix prefix;
    std::string key;
    TickGrid grid;
    std::shared_ptr<std::vector<Symbol> const> symbols;
    UtcTime next;                               ///< the next tick that nothing was decided about
    UtcTime ledger_from;                        ///< ticks up to here have ended already, or are nobody's
    State state = State::idle;
    UtcTime current;                            ///< the tick under way
    bool current_counts = false;                ///< the ledger waits for its end
    SteadyTime turn{};                          ///< of its last tick; in a group dealt anew, the earliest of its members'
    bool retired = false;
    std::uint64_t dealt = 0;                    ///< the deal that it was last part of
    bool lapsed = false;                        ///< the ledger of its tick under way is somebody else's
    std::string shard;
    std::map<std::string, BackOff> back_offs;   ///< per provider, empty while all is well
    std::vector<Range> ranges;                  ///< not yet handed out; the last one may still grow

    explicit Group(TickGrid g) : grid(g) {}
};

/// A target in its lane. There may be a hundred thousand: no node of its own.
struct PollSchedule::Member {
    std::uint64_t hash;
    Symbol symbol;
    std::optional<UtcTime> since;  ///< of no group of ours until now: from when its ticks count

    Member(Symbol s, std::optional<UtcTime> t) : hash(stable_hash(s.str())), symbol(std::move(s)), since(t) {}
    friend bool operator==(Member const& a, Member const& b) noexcept { return a.hash == b.hash && a.symbol == b.symbol; }
    friend auto operator<=>(Member const& a, Member const& b) noexcept {
        return std::tie(a.hash, a.symbol) <=> std::tie(b.hash, b.symbol);
    }
};

/// All targets of one provider list and interval.
struct PollSchedule::Lane {
    PollTargets::Providers providers;
    std::chrono::seconds interval{0};
    std::string name;
    std::size_t batch_max = 1;
    std::vector<Member> members;  ///< ascending
    std::vector<Member> coming;   ///< what a plan changes of them, until the lane is dealt anew
    std::vector<Member> leaving;
    Leaves groups;
    std::vector<std::string> shards;  ///< in the order of their prefixes

    void settle_members();
    Member* find_member(Symbol const& symbol);
};

struct PollSchedule::JobState {
    Job job;
    bool linked = false;
    std::int64_t run_served = 0;
    std::set<Symbol> added;      ///< never polled since they became the job's: polled at once, like all symbols of a new job
    std::set<Symbol> served;     ///< those of them that were, which a plan read before does not know
    std::set<Symbol> served_earlier;  ///< before the plan was last read: forgotten when it was read once more
    int tasks = 0;               ///< immediate ones under way
    std::int64_t serving = 0;    ///< the run that they serve
    std::set<Symbol> serving_added;
    bool failed = false;         ///< one of them was not stored: again
    SteadyTime not_before{};
    bool gone = false;

    bool wants_all() const noexcept { return !job.ticked || run_served < job.run_requested; }
    bool wants_poll() const noexcept { return wants_all() || !added.empty(); }
    /// Takes over what the plan says. `same`: it asks for what it asked for before.
    void update(Job const& changed, bool same, std::set<Symbol> unpolled);
    /// Which symbols are to be polled at once; they count as served unless retry() follows.
    std::vector<Symbol> serve();
    void retry();
    void settle();
    bool has(Symbol const& symbol) const;
};

/// The last settled ticks of a lane's groups as the store knew them, by prefix, so that a group which was split or merged since finds
/// what was known of it under another name.
struct PollSchedule::Family {
    std::map<HashPrefix, UtcTime> settled;
    std::uint64_t depths = 0;    ///< bit d: a prefix of depth d is there (64 counts as 63)
};

}  // namespace mds
