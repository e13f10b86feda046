#pragma once

#include "services/relay.hpp"
#include "support/metrics.hpp"

namespace mds {

struct Relay::Counts {
    explicit Counts(support::Metrics& metrics);

    prometheus::Counter& published;
    prometheus::Counter& repeated;
    prometheus::Counter& pruned;
    prometheus::Counter& claims;
    prometheus::Counter& delivery_failures;
    prometheus::Counter& failures;
    prometheus::Gauge& backlog;
    prometheus::Gauge& under_way;
    prometheus::Gauge& cursor;
};

}  // namespace mds
