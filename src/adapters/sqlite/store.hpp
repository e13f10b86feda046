#pragma once

#include <mds/ports/averaging_store.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/job_store.hpp>
#include <mds/ports/outbox.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/relay_cursor.hpp>
#include <mds/ports/store_monitor.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mds::sqlite {

enum class Durability;

struct StoreOptions {
    std::string directory;  ///< made where it is missing; holds mds.db and mds.lock
    std::size_t read_threads = 2;
    int checkpoint_pages = 1000;  ///< pages of 4 KiB that the write-ahead log may hold before they move into the file
    std::string vfs;              ///< for tests of what a disk can do; empty: SQLite's own
    Durability durability = {};   ///< full, except in the test that shows why
};

/// The embedded store: one file, one process, every port. A lock on the directory keeps a second process out.
/// Construct after, and destroy before, the I/O threads whose coroutines call it. The ports live as long as the store.
class Store {
public:
    /// Opens or makes the file and brings its schema up to date. Throws std::runtime_error with a text for people.
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

}  // namespace mds::sqlite
