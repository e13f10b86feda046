#include "adapters/postgres/async_ports.hpp"

namespace mds::postgres {

using Desk = Workers::Desk;

Task<std::optional<PricePoint>> PricePort::latest(Series series) {
    return readers_.run([series = std::move(series)](Desk& desk) { return desk.prices.latest(series); });
}

Task<HistoryPage> PricePort::history(HistoryQuery query) {
    return readers_.run([query = std::move(query)](Desk& desk) { return desk.prices.history(query); });
}

Task<std::optional<AveragePoint>> PricePort::newest(Series series) {
    return readers_.run([series = std::move(series)](Desk& desk) { return desk.prices.newest_average(series); });
}

Task<AveragePage> PricePort::page(AverageQuery query) {
    return readers_.run([query = std::move(query)](Desk& desk) { return desk.prices.averages(query); });
}

JobPort::JobPort(Workers& readers, Workers& writers, support::Metrics& metrics)
    : readers_(readers),
      writers_(writers),
      fenced_(metrics.counter("mds_postgres_ranges_fenced_total",
                              "Ranges of missed ticks that were not written, because another poller had taken them over")) {}

Task<CreateOutcome> JobPort::create(Job job, std::optional<Idempotency> idempotency) {
    return writers_.run([job = std::move(job), idempotency = std::move(idempotency)](Desk& desk) {
        return desk.job_writer.create(job, idempotency);
    });
}

Task<Job> JobPort::change(std::string id, JobChange change, UtcTime now) {
    return writers_.run(
        [id = std::move(id), change = std::move(change), now](Desk& desk) { return desk.job_writer.change(id, change, now); });
}

Task<void> JobPort::record(std::vector<MissedRange> missed, std::vector<JobProgress> progress,
                           std::map<std::string, UtcTime> not_before) {
    return writers_.run([this, missed = std::move(missed), progress = std::move(progress),
                         not_before = std::move(not_before)](Desk& desk) -> Result<void> {
        auto const fenced = desk.job_writer.record(missed, progress, not_before);
        if (!fenced) return fenced.error();
        fenced_.Increment(static_cast<double>(*fenced));
        return {};
    });
}

Task<std::optional<Job>> JobPort::find(std::string id) {
    return readers_.run([id = std::move(id)](Desk& desk) { return desk.jobs.find(id); });
}

Task<JobPage> JobPort::list(JobFilter filter) {
    return readers_.run([filter = std::move(filter)](Desk& desk) { return desk.jobs.list(filter); });
}

Task<std::vector<TargetState>> JobPort::target_states(std::vector<Target> targets) {
    return readers_.run([targets = std::move(targets)](Desk& desk) { return desk.jobs.states(targets); });
}

Task<std::optional<PollPlan>> JobPort::load(std::optional<std::int64_t> known) {
    return readers_.run([known](Desk& desk) { return desk.jobs.plan(known); });
}

Task<std::map<std::string, UtcTime>> JobPort::provider_waits() {
    return readers_.run([](Desk& desk) { return desk.jobs.waits(); });
}

}  // namespace mds::postgres
