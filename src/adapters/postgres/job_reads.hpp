#pragma once

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>

#include "adapters/postgres/connection.hpp"

namespace mds::postgres {

/// Columns of polling_jobs in the order of the statements that read whole jobs.
Job read_job(Rows const& rows);

/// JobReads and the reads of PollPlanStore on one connection, blocking.
class JobQueries {
public:
    explicit JobQueries(Connection& connection) : connection_(connection) {}

    Result<std::optional<Job>> find(std::string const& id);
    Result<JobPage> list(JobFilter const& filter);
    Result<std::vector<TargetState>> states(std::vector<Target> const& targets);
    /// nullopt where the plan still has the revision `known`.
    Result<std::optional<PollPlan>> plan(std::optional<std::int64_t> known);
    Result<std::map<std::string, UtcTime>> waits();

private:
    Connection& connection_;
};

}  // namespace mds::postgres
