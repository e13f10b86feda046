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
    std::shared_ptr<Targets const> targets;  ///< the group's when it was opened: members may change before it is handed out
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
    std::shared_ptr<Targets const> targets;
    UtcTime next;         ///< the next tick that nothing was decided about
    UtcTime ledger_from;  ///< ticks up to here have ended already, or are nobody's
    State state = State::idle;
    UtcTime current;              ///< the tick under way
    bool current_counts = false;  ///< the ledger waits for its end
    SteadyTime turn{};            ///< of its last tick; in a group dealt anew, the earliest of its members'
    bool retired = false;
    std::uint64_t dealt = 0;  ///< the deal that it was last part of
    bool lapsed = false;      ///< the ledger of its tick under way is somebody else's
    std::string shard;
    std::map<std::string, BackOff> back_offs;  ///< per provider, empty while all is well
    std::vector<Range> ranges;                 ///< not yet handed out; the last one may still grow

    explicit Group(TickGrid g) : grid(g) {}
};

/// A target in its lane. There may be a hundred thousand: no node of its own.
struct PollSchedule::Member {
    static constexpr UtcTime ours = UtcTime::max();

    std::uint64_t hash;  ///< of its symbol
    UtcTime since;       ///< of no group of ours until now: from when its ticks count
    PollTargets::Number target;

    Member(std::uint64_t h, PollTargets::Number number, UtcTime from = ours) noexcept : hash(h), since(from), target(number) {}
    UtcTime since_or(UtcTime now) const noexcept { return since == ours ? now : since; }
    friend bool operator==(Member const& a, Member const& b) noexcept { return a.hash == b.hash && a.target == b.target; }
    friend auto operator<=>(Member const& a, Member const& b) noexcept {
        return std::tie(a.hash, a.target) <=> std::tie(b.hash, b.target);
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
    Member* find_member(Member const& wanted);
};

struct PollSchedule::JobState {
    Job job;          ///< without its symbols
    Targets targets;  ///< of its symbols, in their order
    bool linked = false;
    std::int64_t run_served = 0;
    Targets added;   ///< ascending, as those below: never polled since they became the job's: polled at once, like all of a new job
    Targets served;  ///< those of them that were, which a plan read before does not know
    Targets served_earlier;    ///< before the plan was last read: forgotten when it was read once more
    int tasks = 0;             ///< immediate ones under way
    std::int64_t serving = 0;  ///< the run that they serve
    Targets serving_added;
    bool failed = false;  ///< one of them was not stored: again
    SteadyTime not_before{};
    bool gone = false;

    bool wants_all() const noexcept { return !job.ticked || run_served < job.run_requested; }
    bool wants_poll() const noexcept { return wants_all() || !added.empty(); }
    /// The plan asks for something else than before.
    void change(Job const& changed, Targets of_symbols);
    /// Takes over what else the plan says.
    void update(Job const& changed, Targets unpolled);
    /// What is to be polled at once; it counts as served unless retry() follows.
    Targets serve();
    void retry();
    void settle();
};

/// The last settled ticks of a lane's groups as the store knew them, by prefix, so that a group which was split or merged since
/// finds what was known of it under another name.
struct PollSchedule::Family {
    std::map<HashPrefix, UtcTime> settled;
    std::uint64_t depths = 0;  ///< bit d: a prefix of depth d is there (64 counts as 63)
};

}  // namespace mds
