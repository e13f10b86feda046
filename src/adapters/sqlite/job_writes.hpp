#pragma once

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>

#include "adapters/sqlite/job_rows.hpp"
#include "adapters/sqlite/write_side.hpp"

namespace mds::sqlite {

/// The writes of JobStore, blocking. One thread at a time: behind the gate.
class JobWriter {
public:
    explicit JobWriter(WriteSide& side);
    Result<CreateOutcome> create(Job const& job, std::optional<Idempotency> const& idempotency);
    Result<Job> change(std::string const& id, JobChange const& change, UtcTime now);

private:
    std::optional<CreateOutcome> earlier(Idempotency const& request, UtcTime now);

    WriteSide& side_;
    JobWrite write_;
    Statement read_;
    Statement raise_revision_;
    Statement forget_keys_;
    Statement read_key_;
    Statement write_key_;
};

/// The writes of PollPlanStore, blocking.
class PlanWriter {
public:
    explicit PlanWriter(WriteSide& side);
    Result<void> record(std::vector<MissedRange> const& missed, std::vector<JobProgress> const& progress,
                        std::map<std::string, UtcTime> const& not_before);

private:
    void write(MissedRange const& range);

    WriteSide& side_;
    Statement settle_;
    Statement missed_;
    Statement progress_;
    Statement wait_;
};

}  // namespace mds::sqlite
