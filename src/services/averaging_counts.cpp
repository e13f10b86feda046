#include "services/averaging_counts.hpp"

namespace mds {
namespace {

prometheus::Counter& events(support::Metrics& metrics, std::string const& result) {
    return metrics.counter("mds_averaging_events_total", "Price events that the consumer read, by what became of them",
                           {{"result", result}});
}

}  // namespace

Averaging::Counts::Counts(support::Metrics& metrics)
    : folded(events(metrics, "folded")),
      duplicates(events(metrics, "duplicate")),
      other_epoch(events(metrics, "other_epoch")),
      not_stored(events(metrics, "not_stored")),
      dead_letters(events(metrics, "dead_letter")),
      foreign(events(metrics, "foreign")),
      rounded(metrics.counter("mds_averaging_foreign_rounded_total", "Foreign prices with more than 18 decimals, rounded")),
      not_assigned(events(metrics, "not_assigned")),
      averages(metrics.counter("mds_averaging_averages_total", "Moving averages written")),
      repaired(
          metrics.counter("mds_averaging_repaired_total", "Averages of points whose events did not come, read from the store")),
      lost(metrics.counter("mds_averaging_records_lost_total", "Times that the bus no longer had what was to be read next")),
      claims(metrics.counter("mds_averaging_claims_total", "Partitions taken")),
      commits(metrics.counter("mds_averaging_commits_total", "Transactions of averages and offset")),
      refused_commits(metrics.counter("mds_averaging_refused_commits_total", "Transactions refused, the partition claimed again")),
      split_commits(metrics.counter("mds_averaging_split_commits_total",
                                    "Transactions of several partitions refused, and made again one by one")),
      failures(metrics.counter("mds_averaging_failures_total", "Calls to store or bus that failed and were tried again")),
      series(metrics.gauge("mds_averaging_series", "Series whose window is in memory")) {}

}  // namespace mds
