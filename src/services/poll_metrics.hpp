#pragma once

#include <mds/domain/outcome.hpp>

#include "support/metrics.hpp"

#include <cstdint>

namespace mds {

/// What the poller counts. Any thread.
struct PollMetrics {
    explicit PollMetrics(support::Metrics& metrics);

    void missed(MissedReason reason, std::int64_t ticks);

    prometheus::Counter& ticks_ok;         ///< every symbol has a price
    prometheus::Counter& ticks_partial;
    prometheus::Counter& ticks_failed;     ///< no symbol has one
    prometheus::Counter& immediate;
    prometheus::Counter& requests;
    prometheus::Counter& retries;
    prometheus::Counter& failovers;
    prometheus::Counter& splits;
    prometheus::Counter& holds;
    prometheus::Counter& not_stored;       ///< observations that the store refused or could not take
    prometheus::Counter& record_failures;
    prometheus::Counter& records_dropped;
    prometheus::Counter& plan_failures;
    prometheus::Counter& faults;           ///< of ours: tasks that ended by an exception
    prometheus::Counter& clock_jumps;
    prometheus::Gauge& in_flight;
    prometheus::Gauge& waiting;
    prometheus::Gauge& targets;
    prometheus::Gauge& groups;
    prometheus::Histogram& lateness;       ///< from when a tick was due to its first request
    prometheus::Histogram& fetch_seconds;

private:
    support::Metrics& metrics_;
};

}  // namespace mds
