#pragma once

#include <mds/domain/job.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/poll_plan.hpp>

#include "services/poll_groups.hpp"
#include "services/poll_targets.hpp"
#include "services/provider_gate.hpp"
#include "services/retry_policy.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace mds {

struct PollScheduleOptions {
    BackOffPolicy back_off{};
    /// A wall clock that gains or loses more than this against the steady one was moved.
    std::chrono::microseconds jump{std::chrono::seconds(1)};
    /// A wait that lasts longer is put on record before it ends.
    std::chrono::microseconds longest_open_range{std::chrono::minutes(5)};
    /// How long what a job asked for at once waits for its turn at the provider, and how long until it is tried again.
    std::chrono::milliseconds immediate_patience{30'000};
    std::chrono::milliseconds immediate_pause{1000};
    std::chrono::milliseconds immediate_rescan{50};
};

/// Something to fetch now: one tick of a group, or what jobs asked for at once.
struct PollTask {
    std::uint64_t id = 0;
    std::string group;                   ///< empty: no group, a job asked for it
    std::shared_ptr<std::vector<Symbol> const> symbols;
    std::vector<std::string> providers;  ///< those that may be asked now, failover order
    std::chrono::seconds interval{0};    ///< zero: no group
    FetchCause cause = FetchCause::schedule;
    std::optional<UtcTime> due;          ///< the tick for the ledger; none where its time was lived through before
    UtcTime scheduled;                   ///< when it should have begun
    SteadyTime give_up;                  ///< no request of it begins later
};

/// How a task ended.
struct PollTaskEnd {
    std::uint64_t id = 0;
    bool settled = false;                ///< its last observation is stored
    bool tried = true;                   ///< false: it never came to a request
    std::vector<std::string> answered;   ///< providers that gave at least one price, or have none for now
    std::vector<std::string> failed;     ///< providers all of whose answers call for a back-off
};

/// What is due when: a state machine without I/O and without a clock of its own. One thread.
///
/// Targets that jobs share are polled once, at the shortest interval. Ticks are absolute, so nothing drifts; a tick that cannot be tried
/// becomes part of a missed range, so that every tick of the grid ends as a task or in exactly one range.
class PollSchedule {
public:
    using BatchMax = std::function<std::size_t(std::string const& provider)>;

    /// `gate` (outlives this) says which providers may be asked.
    PollSchedule(BatchMax batch_max, ProviderGate const& gate, PollScheduleOptions options = {});
    ~PollSchedule();

    /// What replicas may share: shards of at most shard_targets targets (more only where a provider takes more in one request), none
    /// of which divides a group; and, as the last one, the polls that jobs ask for at once.
    std::vector<std::string> shards() const;
    /// From now on these shards alone are polled; before the first call all are. What was lost ends with the tick under way. What is
    /// gained begins with the next plan, which has to be newer than the gain: it says what others did.
    void own(std::set<std::string> shards, UtcTime now);
    /// Somebody else may hold the shards already: as own({}), and the ledger of what was missed lately is left to them.
    void lapse(UtcTime now);
    std::set<std::string> const& owned() const noexcept { return owned_; }
    /// Nothing of the shard is under way.
    bool idle(std::string const& shard) const;
    /// Whether a task that waits for its turn is still ours.
    bool wants(std::uint64_t id) const;
    /// Of a group's task that is under way; otherwise empty.
    std::string shard_of(std::uint64_t id) const;

    /// Takes over a plan. The first one also finds the ticks that nobody was there for.
    void apply(PollPlan const& plan, UtcTime now, SteadyTime steady);

    /// The plan was read again, changed or not, and the reading began after the last call of this: later ones know what was polled
    /// up to then.
    void plan_read();

    /// Everything due. `accepting`: answers can be stored.
    std::vector<PollTask> advance(UtcTime now, SteadyTime steady, bool accepting);
    /// The task has its turn. What was missed before is handed out now, in order that it is on record before the task's tick.
    void launched(std::uint64_t id);
    /// The answers of the task are known and wait to be stored: what it delays from here on is the store's doing.
    void storing(std::uint64_t id);
    void finished(PollTaskEnd const& end, SteadyTime steady, Random& random);

    /// When advance() is needed next; may be in the past.
    std::optional<UtcTime> next_due() const;
    /// When jobs that wait to be polled at once want advance() again.
    std::optional<SteadyTime> immediate_due() const {
        if (wanting_.empty() || !owns(immediate_shard)) return std::nullopt;
        return immediate_retry_;
    }

    /// Where shards are shared each range names its shard as its lease, without the term.
    std::vector<MissedRange> take_missed();
    std::vector<JobProgress> take_progress();
    /// Closes the ranges that are still open, for take_missed(). Before the process ends.
    void close_ranges();

    std::size_t target_count() const noexcept { return targets_.size(); }
    std::size_t group_count() const noexcept { return live_groups_; }
    std::uint64_t clock_jumps() const noexcept { return jumps_; }

    static constexpr std::size_t shard_targets = 500;
    static constexpr char const* immediate_shard = "at-once";

private:
    struct Group;
    struct Member;
    struct Lane;
    using Leaves = std::vector<std::pair<HashPrefix, Group*>>;  ///< ascending
    using Targets = std::vector<PollTargets::Number>;
    struct JobState;
    struct Range;
    struct Family;
    struct Due {
        UtcTime at;
        std::uint64_t group = 0;
        friend bool operator>(Due const& a, Due const& b) { return a.at > b.at; }
    };
    struct Immediate {
        std::vector<std::string> jobs;
    };

    void apply_jobs(PollPlan const& plan, UtcTime now);
    void apply_job(Job const& job, std::span<UnpolledTarget const* const> unpolled, UtcTime now);
    bool same_demand(JobState const& state, Job const& job) const;
    Lane& lane_of(PollTargets::Place const& place);
    void regroup(Lane& lane, UtcTime now, SteadyTime steady);
    Group& deal(Lane& lane, Leaves const& former, Bucket const& bucket, std::string const& shard, UtcTime now, SteadyTime steady);
    static UtcTime earliest_since(std::span<Member const> members, UtcTime now);
    void take_members(Group& group, std::span<Member> members);
    Group& create_group(Lane& lane, HashPrefix prefix, UtcTime since, UtcTime now);
    static std::optional<SteadyTime> earliest_turn(Leaves const& former, HashPrefix prefix);
    bool owns(std::string const& shard) const { return sole_owner_ || owned_.contains(shard); }
    void lose(Group& group, UtcTime until);
    void catch_up(Group& group, SteadyTime turn, UtcTime now, SteadyTime steady);
    void slept_through(Group& group, UtcTime now);
    void emit_if_idle(Group& group);
    void retire(Group& group);
    void remember_progress(PollPlan const& plan);
    UtcTime progress_of(Lane const& lane, HashPrefix prefix) const;
    void notice_jump(UtcTime now, SteadyTime steady);
    void jump_group(Group& group, UtcTime now);
    void arm(Group& group);
    void tick(Group& group, UtcTime now, SteadyTime steady, bool accepting, std::vector<PollTask>& tasks);
    bool start(Group& group, UtcTime due, UtcTime now, SteadyTime steady, std::vector<PollTask>& tasks);
    MissedReason why_not_asked(Group const& group, SteadyTime steady) const;
    void miss(Group& group, UtcTime first, UtcTime last, MissedReason reason);
    void miss_current(Group& group, MissedReason reason);
    bool is_long(Group const& group) const;
    void emit(Group& group, bool all);
    Member member(PollTargets::Number target, UtcTime since) const;
    void start_immediate(UtcTime now, SteadyTime steady, std::vector<PollTask>& tasks);
    void start_immediate(std::vector<std::string> const& open, std::span<JobState* const> jobs, UtcTime now, SteadyTime steady,
                         std::vector<PollTask>& tasks);
    void finish_immediate(PollTaskEnd const& end, SteadyTime steady);
    std::vector<std::string> allowed(std::vector<std::string> const& providers, Group const* group, SteadyTime steady) const;

    BatchMax batch_max_;
    ProviderGate const& gate_;
    PollScheduleOptions options_;
    bool started_ = false;
    UtcTime last_now_;
    SteadyTime last_steady_;

    PollTargets targets_;
    std::unordered_map<std::string, JobState> jobs_;
    std::map<std::string, std::unique_ptr<Lane>> lanes_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Group>> groups_;  ///< retired ones until their task ends
    std::size_t live_groups_ = 0;
    std::uint64_t next_id_ = 1;
    std::uint64_t deals_ = 0;
    std::uint64_t jumps_ = 0;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> heap_;   ///< an entry that its group no longer waits for is stale
    std::unordered_map<std::uint64_t, Immediate> immediate_;
    bool sole_owner_ = true;
    std::set<std::string> owned_;
    std::set<std::string> gained_;  ///< since the last plan
    std::set<std::string> wanting_;  ///< jobs to be polled at once
    std::vector<std::string> settled_;  ///< jobs whose polls a plan that is being read may not know
    SteadyTime immediate_retry_{};
    std::map<std::string, Family, std::less<>> families_;  ///< only while a plan is taken over

    std::vector<MissedRange> missed_;
    std::vector<JobProgress> progress_;
};

}  // namespace mds
