#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/outbox.hpp>

#include "support/log.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

namespace prometheus {
class Counter;
}
namespace mds::support {
class Metrics;
}

namespace mds {

struct RetentionOptions {
    std::chrono::seconds keep_events{3600};        ///< an outbox entry stays at least as long
    std::optional<std::chrono::seconds> keep_raw;  ///< raw rows stay as long; none: for ever
    std::chrono::milliseconds interval{30'000};    ///< between rounds
    std::chrono::milliseconds pause{20};           ///< between batches of a round, which ingest shall not feel
    std::size_t max_batch = 500;
};

/// Keeps outbox and raw rows short, in small batches. A state machine without a thread: call step() again and again, on one thread.
class Retention {
public:
    Retention(OutboxPruner& outbox, RawRetention& raw, Clock& clock, support::Log log, support::Metrics& metrics,
              RetentionOptions options = {});

    /// Removes one batch of each. How long to wait before the next step.
    std::chrono::milliseconds step();

private:
    Result<bool> prune_events(UtcTime now);
    Result<bool> prune_raw(UtcTime now);
    bool settled(Result<bool> const& more, char const* what);

    OutboxPruner& outbox_;
    RawRetention& raw_;
    Clock& clock_;
    support::Log log_;
    RetentionOptions options_;
    prometheus::Counter& events_removed_;
    prometheus::Counter& raw_removed_;
    prometheus::Counter& failures_;
};

}  // namespace mds
