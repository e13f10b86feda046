#pragma once

#include "services/averaging.hpp"
#include "support/metrics.hpp"

namespace mds {

/// Every event ends in exactly one of the results.
struct Averaging::Counts {
    explicit Counts(support::Metrics& metrics);

    prometheus::Counter& folded;
    prometheus::Counter& duplicates;
    prometheus::Counter& other_epoch;
    prometheus::Counter& not_stored;
    prometheus::Counter& dead_letters;
    prometheus::Counter& foreign;
    prometheus::Counter& rounded;
    prometheus::Counter& not_assigned;
    prometheus::Counter& averages;
    prometheus::Counter& repaired;
    prometheus::Counter& lost;
    prometheus::Counter& claims;
    prometheus::Counter& commits;
    prometheus::Counter& refused_commits;
    prometheus::Counter& split_commits;
    prometheus::Counter& failures;
    prometheus::Gauge& series;
};

}  // namespace mds
