#pragma once

#include <mds/ports/task.hpp>
#include <mds/domain/job.hpp>
#include <mds/domain/observation.hpp>
#include <mds/domain/symbol.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mds {

/// A symbol of an active job that nobody has polled since it became that job's, by its creation, a change or a resume.
struct UnpolledTarget {
    std::string job;
    Symbol symbol;
    std::optional<UtcTime> polled_at;  ///< the last poll before that, whoever asked for it
};

/// Everything the scheduler must know. `revision` grows with every change of a job.
struct PollPlan {
    std::int64_t revision = 0;
    std::vector<Job> jobs;                        ///< neither cancelled, nor paused with its runs all served
    std::vector<UnpolledTarget> unpolled;         ///< of active jobs: of those that are accepted all are
    std::map<std::string, UtcTime> last_settled;  ///< per fetch group: the last tick that ended
    std::map<std::string, UtcTime> not_before;    ///< per provider: a Retry-After that outlives a restart
};

/// What the poller tells about jobs.
struct JobProgress {
    std::string id;
    bool ticked = false;
    std::int64_t run_done = 0;
};

/// The scheduler's own book-keeping, and what others may know of it. Any I/O thread.
class PollPlanStore {
public:
    virtual ~PollPlanStore() = default;
    /// The plan, or nullopt where it still has the revision `known`.
    virtual Task<std::optional<PollPlan>> load(std::optional<std::int64_t> known) = 0;
    /// Per provider: nothing goes to it before. Waits that are over may be among them. As PollPlan::not_before, but of this moment: waits
    /// do not raise the revision.
    virtual Task<std::map<std::string, UtcTime>> provider_waits() = 0;
    /// One durable transaction: missed ranges (moving their groups' progress to `last`), job progress, provider waits. A range whose
    /// lease is in another term by now is left out.
    virtual Task<void> record(std::vector<MissedRange> missed, std::vector<JobProgress> progress,
                              std::map<std::string, UtcTime> not_before) = 0;
};

}  // namespace mds
