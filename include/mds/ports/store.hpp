#pragma once

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/leases.hpp>
#include <mds/ports/outbox.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/quota_ledger.hpp>
#include <mds/ports/relay_cursor.hpp>
#include <mds/ports/store_monitor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mds {

/// All ports of one store. They live as long as it does.
struct StorePorts {
    IngestStore& ingest;
    PriceReads& prices;
    AverageReads& averages;
    LatestPrices& latest_prices;
    JobStore& jobs;
    JobReads& job_reads;
    PollPlanStore& poll_plan;
    AveragingStore& averaging;
    SeriesHistory& series_history;
    RelayCursor& relay_cursor;
    OutboxPruner& outbox_pruner;
    RawRetention& raw_retention;
    StoreMonitor& monitor;
    QuotaLedger& quotas;
    Leases* leases = nullptr;  ///< none: one process alone can have this store
};

/// An open store: its ports, and what only start and `migrate` ask. Construct after, and destroy before, the I/O threads whose
/// coroutines call it.
class Store {
public:
    virtual ~Store() = default;
    Store(Store const&) = delete;
    Store& operator=(Store const&) = delete;

    IngestStore& ingest() const noexcept { return ports_.ingest; }
    PriceReads& prices() const noexcept { return ports_.prices; }
    AverageReads& averages() const noexcept { return ports_.averages; }
    LatestPrices& latest_prices() const noexcept { return ports_.latest_prices; }
    JobStore& jobs() const noexcept { return ports_.jobs; }
    JobReads& job_reads() const noexcept { return ports_.job_reads; }
    PollPlanStore& poll_plan() const noexcept { return ports_.poll_plan; }
    AveragingStore& averaging() const noexcept { return ports_.averaging; }
    SeriesHistory& series_history() const noexcept { return ports_.series_history; }
    RelayCursor& relay_cursor() const noexcept { return ports_.relay_cursor; }
    OutboxPruner& outbox_pruner() const noexcept { return ports_.outbox_pruner; }
    RawRetention& raw_retention() const noexcept { return ports_.raw_retention; }
    StoreMonitor& monitor() const noexcept { return ports_.monitor; }
    QuotaLedger& quotas() const noexcept { return ports_.quotas; }
    /// nullptr: one process alone can have this store.
    Leases* leases() const noexcept { return ports_.leases; }

    /// A reader of its own for each caller; to be destroyed before the store.
    virtual std::unique_ptr<OutboxLog> open_outbox() = 0;
    virtual int schema_version() const noexcept = 0;
    /// Throws StoreAway or std::runtime_error, as opening a store does.
    virtual std::int64_t store_epoch() const = 0;
    /// After a restore from backup: events of the old epoch are not taken for new ones. Returns the new epoch; throws
    /// std::runtime_error.
    virtual std::int64_t raise_epoch() = 0;
    /// Appends dead letters of a class (empty: of any) that were never replayed to the outbox, oldest first, for the relay to put
    /// them back into the topic of events; how many. Throws std::runtime_error;
    /// what was appended before is not appended again.
    virtual std::size_t replay_dead_letters(std::string_view error_class) = 0;
    /// For the log: "sqlite:data", "postgresql:db:5432/prices". No secrets.
    virtual std::string name() const = 0;

protected:
    explicit Store(StorePorts ports) noexcept : ports_(ports) {}

private:
    StorePorts const ports_;
};

}  // namespace mds
