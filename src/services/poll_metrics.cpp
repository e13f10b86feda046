#include "services/poll_metrics.hpp"

#include <string>

namespace mds {
namespace {

prometheus::Counter& ticks(support::Metrics& metrics, char const* result) {
    return metrics.counter("mds_poller_ticks_total", "Due ticks that were tried, by how they ended", {{"result", result}});
}

}  // namespace

PollMetrics::PollMetrics(support::Metrics& metrics)
    : ticks_ok(ticks(metrics, "ok")),
      ticks_partial(ticks(metrics, "partial")),
      ticks_failed(ticks(metrics, "failed")),
      immediate(metrics.counter("mds_poller_immediate_total", "Fetches that a job asked for at once")),
      requests(metrics.counter("mds_poller_requests_total", "Requests sent to providers")),
      retries(metrics.counter("mds_poller_retries_total", "Requests that repeat a failed one")),
      failovers(metrics.counter("mds_poller_failovers_total", "Requests to a provider that is not the first of its list")),
      splits(metrics.counter("mds_poller_batch_splits_total", "Batches halved because one symbol spoilt them")),
      holds(metrics.counter("mds_poller_provider_holds_total", "Times a provider asked to be left alone")),
      not_stored(metrics.counter("mds_poller_not_stored_total", "Answers that could not be stored")),
      record_failures(metrics.counter("mds_poller_record_failures_total", "Failed tries to record missed ticks and progress")),
      records_dropped(metrics.counter("mds_poller_records_dropped_total", "Missed ranges that the store will never take")),
      plan_failures(metrics.counter("mds_poller_plan_failures_total", "Failed tries to load the plan")),
      faults(metrics.counter("mds_poller_faults_total", "Ticks that ended by a fault of the poller's own")),
      clock_jumps(metrics.counter("mds_poller_clock_jumps_total", "Times the wall clock was moved")),
      in_flight(metrics.gauge("mds_poller_in_flight", "Ticks under way")),
      waiting(metrics.gauge("mds_poller_waiting", "Requests that wait for their turn at a provider")),
      targets(metrics.gauge("mds_poller_targets", "Targets that are polled")),
      groups(metrics.gauge("mds_poller_groups", "Fetch groups")),
      lateness(metrics.histogram("mds_poller_lateness_seconds", "From when a tick was due to its first request",
                                 support::latency_bounds())),
      fetch_seconds(metrics.histogram("mds_poller_request_seconds", "From request to answer", support::latency_bounds())),
      metrics_(metrics) {}

void PollMetrics::missed(MissedReason reason, std::int64_t count) {
    metrics_.counter("mds_poller_missed_ticks_total", "Due ticks that were not tried, by reason", {{"reason", std::string(to_string(reason))}})
        .Increment(static_cast<double>(count));
}

}  // namespace mds
