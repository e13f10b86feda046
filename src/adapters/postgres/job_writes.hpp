#pragma once

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>

#include "adapters/postgres/connection.hpp"

namespace mds::postgres {

/// The writes of JobStore and PollPlanStore on one connection, blocking.
class JobWriter {
public:
    explicit JobWriter(Connection& connection) : connection_(connection) {}

    Result<CreateOutcome> create(Job const& job, std::optional<Idempotency> const& idempotency);
    Result<Job> change(std::string const& id, JobChange const& change, UtcTime now);
    /// How many ranges were left out, because another poller has their lease.
    Result<std::size_t> record(std::vector<MissedRange> const& missed, std::vector<JobProgress> const& progress,
                               std::map<std::string, UtcTime> const& not_before);

private:
    /// What the key stands for already; nullopt where it is new, and now ours.
    Result<std::optional<CreateOutcome>> take_key(Idempotency const& request, Job const& job);
    void send(Sql const& sql, Job const& job);
    void send(MissedRange const& range);

    Connection& connection_;
};

}  // namespace mds::postgres
