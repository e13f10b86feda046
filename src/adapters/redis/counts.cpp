#include "adapters/redis/counts.hpp"

namespace mds::redis {
namespace {

prometheus::Counter& read(support::Metrics& metrics, std::string const& result) {
    return metrics.counter("mds_redis_reads_total", "Look-ups of a price in Redis, by result; all but hit went on without",
                           {{"result", result}});
}

prometheus::Counter& write(support::Metrics& metrics, std::string const& result) {
    return metrics.counter("mds_redis_writes_total", "Points offered to Redis, by what became of them", {{"result", result}});
}

}  // namespace

Counts::Counts(support::Metrics& metrics)
    : hits(read(metrics, "hit")),
      misses(read(metrics, "miss")),
      garbage(read(metrics, "garbage")),
      other_epoch(read(metrics, "other_epoch")),
      late(read(metrics, "late")),
      read_away(read(metrics, "away")),
      read_errors(read(metrics, "error")),
      written(write(metrics, "written")),
      older(write(metrics, "older")),
      refused(write(metrics, "refused")),
      write_away(write(metrics, "away")),
      overflow(write(metrics, "overflow")) {}

}  // namespace mds::redis
