#pragma once

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>

#include "adapters/sqlite/connection.hpp"

namespace mds::sqlite {

/// The statements behind JobReads and the reads of PollPlanStore, inside a snapshot. A fault stays on the connection for the
/// caller.
class JobQueries {
public:
    explicit JobQueries(Connection& connection);

    std::optional<Job> find(std::string const& id);
    JobPage list(JobFilter const& filter);
    TargetState state(Target const& target);
    /// nullopt where the plan still has the revision `known`.
    std::optional<PollPlan> plan(std::optional<std::int64_t> known);
    std::map<std::string, UtcTime> waits() { return times(waits_); }

private:
    std::map<std::string, UtcTime> times(Statement& statement);

    Statement find_;
    Statement list_;
    Statement state_;
    Statement revision_;
    Statement planned_;
    Statement unpolled_;
    Statement settled_;
    Statement waits_;
};

}  // namespace mds::sqlite
