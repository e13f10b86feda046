#include "services/retention.hpp"

#include "support/metrics.hpp"

#include <utility>

namespace mds {

using std::chrono::milliseconds;

Retention::Retention(OutboxPruner& outbox, RawRetention& raw, Clock& clock, support::Log log, support::Metrics& metrics,
                     RetentionOptions options)
    : outbox_(outbox),
      raw_(raw),
      clock_(clock),
      log_(std::move(log)),
      options_(options),
      events_removed_(metrics.counter("mds_retention_events_removed_total", "Outbox entries removed once everybody had read them")),
      raw_removed_(metrics.counter("mds_retention_raw_removed_total", "Raw rows removed by age")),
      failures_(metrics.counter("mds_retention_failures_total", "Rounds that the store refused; the next one tries again")) {}

milliseconds Retention::step() {
    UtcTime const now = clock_.now();
    bool const events_done = settled(prune_events(now), "outbox");
    bool const raw_done = settled(prune_raw(now), "raw rows");
    return events_done && raw_done ? options_.interval : options_.pause;
}

/// True: there may be more to remove.
Result<bool> Retention::prune_events(UtcTime now) {
    auto const removed = outbox_.prune(now - options_.keep_events, options_.max_batch);
    if (!removed) return removed.error();
    events_removed_.Increment(static_cast<double>(*removed));
    return *removed >= options_.max_batch;
}

Result<bool> Retention::prune_raw(UtcTime now) {
    if (!options_.keep_raw) return false;
    auto const removed = raw_.prune_raw(now - *options_.keep_raw, options_.max_batch);
    if (!removed) return removed.error();
    raw_removed_.Increment(static_cast<double>(*removed));
    return *removed >= options_.max_batch;
}

bool Retention::settled(Result<bool> const& more, char const* what) {
    if (more) return !*more;
    failures_.Increment();
    log_.warning("retention.failed", {{"what", what}, {"error", more.error().message}, {"detail", more.error().detail}});
    return true;
}

}  // namespace mds
