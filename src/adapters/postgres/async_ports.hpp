#pragma once
// The coroutine ports: blocking work from the files beside this one, moved to a pool.

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>

#include "adapters/postgres/workers.hpp"
#include "support/metrics.hpp"

namespace mds::postgres {

class PricePort final : public PriceReads, public AverageReads {
public:
    explicit PricePort(Workers& readers) : readers_(readers) {}
    Task<std::optional<PricePoint>> latest(Series series) override;
    Task<HistoryPage> history(HistoryQuery query) override;
    Task<std::optional<AveragePoint>> newest(Series series) override;
    Task<AveragePage> page(AverageQuery query) override;

private:
    Workers& readers_;
};

class JobPort final : public JobStore, public JobReads, public PollPlanStore {
public:
    /// `writers`: apart from the readers, so that a write that waits for a lock does not hold up reads.
    JobPort(Workers& readers, Workers& writers, support::Metrics& metrics);
    Task<CreateOutcome> create(Job job, std::optional<Idempotency> idempotency) override;
    Task<Job> change(std::string id, JobChange change, UtcTime now) override;
    Task<std::optional<Job>> find(std::string id) override;
    Task<JobPage> list(JobFilter filter) override;
    Task<std::vector<TargetState>> target_states(std::vector<Target> targets) override;
    Task<std::optional<PollPlan>> load(std::optional<std::int64_t> known) override;
    Task<std::map<std::string, UtcTime>> provider_waits() override;
    Task<void> record(std::vector<MissedRange> missed, std::vector<JobProgress> progress,
                      std::map<std::string, UtcTime> not_before) override;

private:
    Workers& readers_;
    Workers& writers_;
    prometheus::Counter& fenced_;
};

}  // namespace mds::postgres
