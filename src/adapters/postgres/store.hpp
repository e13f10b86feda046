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

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mds::postgres {

struct StoreOptions {
    std::string url;               ///< URI or keyword=value text, as libpq takes it
    std::size_t read_threads = 4;  ///< and as many connections
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds statement_timeout{8000};
};

/// The store on a PostgreSQL server, of which any number of processes may be writers: every port. A few connections: one for
/// ingest, one for the consumer, one per outbox reader, one for pruning, one for jobs, `read_threads` for requests; each is made
/// when it is first used, and again when it was lost. Construct after, and destroy before, the I/O threads whose coroutines call
/// it. The ports live as long as the store.
class Store {
public:
    /// Connects and brings the schema up to date. Throws std::runtime_error with a text for people.
    Store(StoreOptions const& options, support::Log log, support::Metrics& metrics);
    ~Store();
    Store(Store const&) = delete;
    Store& operator=(Store const&) = delete;

    IngestStore& ingest() noexcept;
    PriceReads& prices() noexcept;
    AverageReads& averages() noexcept;
    LatestPrices& latest_prices() noexcept;
    JobStore& jobs() noexcept;
    JobReads& job_reads() noexcept;
    PollPlanStore& poll_plan() noexcept;
    AveragingStore& averaging() noexcept;
    SeriesHistory& series_history() noexcept;
    RelayCursor& relay_cursor() noexcept;
    Leases& leases() noexcept;
    OutboxPruner& outbox_pruner() noexcept;
    RawRetention& raw_retention() noexcept;
    StoreMonitor& monitor() noexcept;
    /// A reader of its own for each caller; to be destroyed before the store.
    std::unique_ptr<OutboxLog> open_outbox();

    int schema_version() const noexcept;
    std::int64_t store_epoch() const;
    /// After a restore from backup: events of the old epoch are not taken for new ones. Returns the new epoch; throws
    /// std::runtime_error.
    std::int64_t raise_epoch();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace mds::postgres
