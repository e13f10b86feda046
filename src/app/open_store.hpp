#pragma once

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/leases.hpp>
#include <mds/ports/outbox.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/relay_cursor.hpp>
#include <mds/ports/store_monitor.hpp>

#include "app/config.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace mds::app {

/// The store that the configuration chose: every port of it, and what only start and `migrate` ask.
class OpenStore {
public:
    virtual ~OpenStore() = default;
    virtual IngestStore& ingest() noexcept = 0;
    virtual PriceReads& prices() noexcept = 0;
    virtual AverageReads& averages() noexcept = 0;
    virtual LatestPrices& latest_prices() noexcept = 0;
    virtual JobStore& jobs() noexcept = 0;
    virtual JobReads& job_reads() noexcept = 0;
    virtual PollPlanStore& poll_plan() noexcept = 0;
    /// nullptr: one process alone can have this store.
    virtual Leases* leases() noexcept = 0;
    virtual AveragingStore& averaging() noexcept = 0;
    virtual SeriesHistory& series_history() noexcept = 0;
    virtual RelayCursor& relay_cursor() noexcept = 0;
    virtual OutboxPruner& outbox_pruner() noexcept = 0;
    virtual RawRetention& raw_retention() noexcept = 0;
    virtual StoreMonitor& monitor() noexcept = 0;
    virtual std::unique_ptr<OutboxLog> open_outbox() = 0;

    virtual int schema_version() const noexcept = 0;
    virtual std::int64_t store_epoch() const = 0;
    virtual std::int64_t raise_epoch() = 0;
    /// For the log: "sqlite:data", "postgresql:db:5432/prices". No secrets.
    virtual std::string name() const = 0;
};

/// Throws std::runtime_error where it cannot be opened.
std::unique_ptr<OpenStore> open_store(Config const& config, support::Log const& log, support::Metrics& metrics);

}  // namespace mds::app
