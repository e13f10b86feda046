#pragma once

#include "support/metrics.hpp"

namespace mds::redis {

/// What became of reads and of offered points.
struct Counts {
    explicit Counts(support::Metrics& metrics);

    prometheus::Counter& hits;
    prometheus::Counter& misses;
    prometheus::Counter& garbage;      ///< under one of our keys lay what none of ours wrote
    prometheus::Counter& other_epoch;  ///< written before the store was restored, or by a process that knows a later restore
    prometheus::Counter& late;
    prometheus::Counter& read_away;  ///< nobody was asked, or the connection ended meanwhile
    prometheus::Counter& read_errors;

    prometheus::Counter& written;
    prometheus::Counter& older;    ///< the same or a newer one was there
    prometheus::Counter& refused;  ///< the server answered with an error: out of memory, read-only
    prometheus::Counter& write_away;
    prometheus::Counter& overflow;  ///< more waited than may wait
};

}  // namespace mds::redis
