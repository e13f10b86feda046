#pragma once
// The coroutine ports: blocking work from the files beside this one, moved to a pool.

#include <mds/ports/job_store.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>

#include "adapters/sqlite/job_reads.hpp"
#include "adapters/sqlite/job_writes.hpp"
#include "adapters/sqlite/price_reads.hpp"
#include "adapters/sqlite/read_side.hpp"

namespace mds::sqlite {

struct Queries {
    PriceQueries prices;
    JobQueries jobs;

    explicit Queries(Connection& connection) : prices(connection), jobs(connection) {}
};

class PricePort final : public PriceReads, public AverageReads {
public:
    explicit PricePort(Readers<Queries>& readers) : readers_(readers) {}
    Task<std::optional<PricePoint>> latest(Series series) override;
    Task<HistoryPage> history(HistoryQuery query) override;
    Task<std::optional<AveragePoint>> newest(Series series) override;
    Task<AveragePage> page(AverageQuery query) override;

private:
    Readers<Queries>& readers_;
};

class JobPort final : public JobStore, public JobReads, public PollPlanStore {
public:
    /// `write_pool`: one thread of its own, so that a slow disk does not hold up reads.
    JobPort(Readers<Queries>& readers, net::thread_pool& write_pool, WriteSide& side)
        : readers_(readers), write_pool_(write_pool), jobs_(side), plan_(side) {}
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
    template <class Work>
    Awaitable<std::invoke_result_t<Work>> write(Work work) {
        return support::offload(write_pool_, [work = std::move(work)]() mutable { return guarded(work); });
    }

    Readers<Queries>& readers_;
    net::thread_pool& write_pool_;
    JobWriter jobs_;
    PlanWriter plan_;
};

}  // namespace mds::sqlite
