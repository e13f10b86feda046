#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/task.hpp>

#include "services/poll_metrics.hpp"
#include "support/log.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mds {

/// Writes what the poller has to tell the store: one write at a time, which takes whatever came together during the one before, repeated
/// until the store takes it, or until the timer is cancelled: what is not recorded then, the next start finds as down-time. Adjacent ranges are merged while they wait, so a long outage costs one per group. One I/O thread.
class PollLedger : public std::enable_shared_from_this<PollLedger> {
public:
    /// `idle` is called whenever everything is written.
    PollLedger(PollPlanStore& store, Clock& clock, Timer& timer, Random& random, IoExecutor executor, support::Log log,
               PollMetrics& metrics, std::function<void()> idle);

    void add(std::vector<MissedRange> missed, std::vector<JobProgress> progress);
    void hold(std::string const& provider, UtcTime until);

    /// Resumes once every range of the group that was added before is durable: a tick must not be settled before them, or a crash in
    /// between would lose them. False: they never will be, since the timer was cancelled while the store was away.
    Awaitable<bool> recorded(std::string const& group);
    bool is_recorded(std::string const& group) const { return !unrecorded_.contains(group); }
    bool idle() const noexcept { return !writing_; }
    /// Forgets who waits: nobody is there to be resumed.
    void abandon() noexcept { auto const dropped = std::exchange(waiters_, {}); }

private:
    struct Batch {
        std::vector<MissedRange> missed;
        std::map<std::string, JobProgress> progress;
        std::map<std::string, UtcTime> holds;
        bool empty() const noexcept { return missed.empty() && progress.empty() && holds.empty(); }
    };
    void wake();
    Awaitable<void> write_all(std::shared_ptr<PollLedger> self);
    Awaitable<bool> write(Batch& batch);
    Awaitable<bool> write_apart(Batch& batch, Error refusal);
    void append(MissedRange range);
    Batch take();
    void release_waiters();

    static constexpr std::size_t max_ranges = 2000;

    PollPlanStore& store_;
    Clock& clock_;
    Timer& timer_;
    Random& random_;
    IoExecutor executor_;
    support::Log log_;
    PollMetrics& metrics_;
    std::function<void()> idle_;

    Batch pending_;
    std::unordered_map<std::string, std::size_t> last_range_;   ///< index in pending_ of the group's newest range
    std::unordered_map<std::string, std::size_t> unrecorded_;   ///< ranges per group that are not durable
    std::multimap<std::string, std::function<void(bool)>> waiters_;
    bool writing_ = false;
    bool gave_up_ = false;
};

}  // namespace mds
