#include "services/ingest_metrics.hpp"

#include <string>

namespace mds {
namespace {

prometheus::Counter& refused(support::Metrics& metrics, std::string const& reason) {
    return metrics.counter("mds_ingest_refused_total", "Observations that were not stored, and whose submitter was told so",
                           {{"reason", reason}});
}

std::vector<prometheus::Counter*> by_outcome(support::Metrics& metrics) {
    std::vector<prometheus::Counter*> counters;
    for (int i = 0; i <= static_cast<int>(Outcome::unclassified_error); ++i) {
        counters.push_back(&metrics.counter("mds_ingest_rejects_total", "Symbols asked for that gave no point, by outcome",
                                            {{"outcome", std::string(to_string(static_cast<Outcome>(i)))}}));
    }
    return counters;
}

}  // namespace

IngestMetrics::IngestMetrics(support::Metrics& metrics)
    : observations(metrics.counter("mds_ingest_observations_total", "Observations stored")),
      points(metrics.counter("mds_ingest_points_total", "Points stored")),
      repeated(metrics.counter("mds_ingest_repeated_total", "Observations that a retry found stored already")),
      retries(metrics.counter("mds_ingest_retries_total", "Commits that failed and were tried again")),
      bisections(
          metrics.counter("mds_ingest_bisections_total", "Batches halved because the store refused one of their observations")),
      refused_full(refused(metrics, "full")),
      refused_stopping(refused(metrics, "stopping")),
      refused_invalid(refused(metrics, "invalid")),
      queued(metrics.gauge("mds_ingest_queued_results", "Points and rejects waiting for their commit")),
      batch_results(metrics.histogram("mds_ingest_batch_results", "Points and rejects per commit",
                                      {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000})),
      commit_seconds(
          metrics.histogram("mds_ingest_commit_seconds", "Time of one commit, failed ones too", support::latency_bounds())),
      rejects(by_outcome(metrics)) {}

void IngestMetrics::count(std::span<Observation const> batch, IngestReceipt const& receipt) {
    std::size_t stored = 0;
    std::size_t results = 0;
    for (auto const& some : receipt.points) stored += some.size();
    for (auto const& observation : batch) {
        results += observation.results.size();
        for (auto const& result : observation.results) {
            if (auto const* const reject = result.reject()) rejects[static_cast<std::size_t>(reject->outcome)]->Increment();
        }
    }
    observations.Increment(static_cast<double>(batch.size()));
    points.Increment(static_cast<double>(stored));
    repeated.Increment(static_cast<double>(receipt.repeated));
    batch_results.Observe(static_cast<double>(results));
}

}  // namespace mds
