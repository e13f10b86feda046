#include "adapters/sqlite/async_ports.hpp"

namespace mds::sqlite {

Task<std::optional<PricePoint>> PricePort::latest(Series series) {
    return readers_.run([series = std::move(series)](Queries& queries) -> Result<std::optional<PricePoint>> {
        return queries.prices.latest(series);
    });
}

Task<HistoryPage> PricePort::history(HistoryQuery query) {
    return readers_.run(
        [query = std::move(query)](Queries& queries) -> Result<HistoryPage> { return queries.prices.history(query); });
}

Task<std::optional<AveragePoint>> PricePort::newest(Series series) {
    return readers_.run([series = std::move(series)](Queries& queries) -> Result<std::optional<AveragePoint>> {
        return queries.prices.newest_average(series);
    });
}

Task<AveragePage> PricePort::page(AverageQuery query) {
    return readers_.run(
        [query = std::move(query)](Queries& queries) -> Result<AveragePage> { return queries.prices.averages(query); });
}

Task<CreateOutcome> JobPort::create(Job job, std::optional<Idempotency> idempotency) {
    return write([this, job = std::move(job), idempotency = std::move(idempotency)] { return jobs_.create(job, idempotency); });
}

Task<Job> JobPort::change(std::string id, JobChange change, UtcTime now) {
    return write([this, id = std::move(id), change = std::move(change), now] { return jobs_.change(id, change, now); });
}

Task<void> JobPort::record(std::vector<MissedRange> missed, std::vector<JobProgress> progress,
                           std::map<std::string, UtcTime> not_before) {
    return write([this, missed = std::move(missed), progress = std::move(progress), not_before = std::move(not_before)] {
        return plan_.record(missed, progress, not_before);
    });
}

Task<std::optional<Job>> JobPort::find(std::string id) {
    return readers_.run([id = std::move(id)](Queries& queries) -> Result<std::optional<Job>> { return queries.jobs.find(id); });
}

Task<JobPage> JobPort::list(JobFilter filter) {
    return readers_.run([filter = std::move(filter)](Queries& queries) -> Result<JobPage> { return queries.jobs.list(filter); });
}

Task<std::vector<TargetState>> JobPort::target_states(std::vector<Target> targets) {
    return readers_.run([targets = std::move(targets)](Queries& queries) -> Result<std::vector<TargetState>> {
        std::vector<TargetState> states;
        states.reserve(targets.size());
        for (Target const& target : targets) states.push_back(queries.jobs.state(target));
        return states;
    });
}

Task<std::optional<PollPlan>> JobPort::load(std::optional<std::int64_t> known) {
    return readers_.run([known](Queries& queries) -> Result<std::optional<PollPlan>> { return queries.jobs.plan(known); });
}

Task<std::map<std::string, UtcTime>> JobPort::provider_waits() {
    return readers_.run([](Queries& queries) -> Result<std::map<std::string, UtcTime>> { return queries.jobs.waits(); });
}

}  // namespace mds::sqlite
