#pragma once

#include <mds/ports/task.hpp>
#include <mds/domain/job.hpp>
#include <mds/domain/job_change.hpp>
#include <mds/domain/observation.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds {

/// An Idempotency-Key with the request that it came with. Remembered for 24 h, in the transaction that creates the job.
struct Idempotency {
    std::string key;
    std::string request_digest;  ///< SHA-256 of the request's bytes
    std::string answer;          ///< the body to repeat
};

struct JobCreated {};
/// The key was used before with the same bytes: repeat this.
struct JobReplayed {
    std::string job_id;
    std::string answer;
};
/// The key was used before with other bytes.
struct IdempotencyConflict {};
using CreateOutcome = std::variant<JobCreated, JobReplayed, IdempotencyConflict>;

/// Jobs as the API writes them. Any I/O thread. Every change raises the plan's revision (poll_plan.hpp).
class JobStore {
public:
    virtual ~JobStore() = default;
    virtual Task<CreateOutcome> create(Job job, std::optional<Idempotency> idempotency) = 0;
    /// The job after the change. not_found; conflict where it is cancelled (but cancelling twice is no error).
    virtual Task<Job> change(std::string id, JobChange change, UtcTime now) = 0;
};

struct JobFilter {
    std::optional<JobStatus> status;
    std::optional<Symbol> symbol;
    std::optional<std::string> provider;
    std::size_t limit = 100;
    /// (created_at, id) of the last job of the page before, exclusive. Order: oldest first.
    std::optional<std::pair<UtcTime, std::string>> cursor;
};

struct JobPage {
    std::vector<Job> jobs;
    bool more = false;
};

class JobReads {
public:
    virtual ~JobReads() = default;
    virtual Task<std::optional<Job>> find(std::string id) = 0;
    virtual Task<JobPage> list(JobFilter filter) = 0;
    /// One state per target, same order.
    virtual Task<std::vector<TargetState>> target_states(std::vector<Target> targets) = 0;
};

}  // namespace mds
