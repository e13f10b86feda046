#pragma once

#include <mds/ports/ingest_store.hpp>

#include "support/metrics.hpp"

#include <span>
#include <vector>

namespace mds {

/// What the ingest writer counts. An observation counts once, when its commit is known, also where a retry found it stored already.
struct IngestMetrics {
    explicit IngestMetrics(support::Metrics& metrics);

    void count(std::span<Observation const> batch, IngestReceipt const& receipt);

    prometheus::Counter& observations;
    prometheus::Counter& points;
    prometheus::Counter& repeated;
    prometheus::Counter& retries;
    prometheus::Counter& bisections;
    prometheus::Counter& refused_full;
    prometheus::Counter& refused_stopping;
    prometheus::Counter& refused_invalid;
    prometheus::Gauge& queued;
    prometheus::Histogram& batch_results;
    prometheus::Histogram& commit_seconds;
    std::vector<prometheus::Counter*> rejects;  ///< by outcome
};

}  // namespace mds
