#include "adapters/sqlite/store.hpp"

#include "adapters/sqlite/async_ports.hpp"
#include "adapters/sqlite/averaging.hpp"
#include "adapters/sqlite/condition.hpp"
#include "adapters/sqlite/directory_lock.hpp"
#include "adapters/sqlite/ingest.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/outbox.hpp"
#include "adapters/sqlite/quota_ledger.hpp"
#include "adapters/sqlite/relay_cursor.hpp"

#include <stdexcept>
#include <thread>

namespace mds::sqlite {
namespace {

constexpr int writer_cache_kib = 4096;
constexpr int reader_cache_kib = 512;
constexpr int writer_patience_ms = 1000;
constexpr int reader_patience_ms = 250;

ConnectionOptions connection_options(StoreOptions const& options, Side side) {
    ConnectionOptions result;
    result.path = options.directory + "/mds.db";
    result.vfs = options.vfs;
    result.durability = options.durability;
    result.cache_kib = side == Side::write ? writer_cache_kib : reader_cache_kib;
    result.busy_ms = side == Side::write ? writer_patience_ms : reader_patience_ms;
    return result;
}

/// Tries a small write and a read now and then while the store is out of order, so that its condition is noticed to be good again
/// even if nobody writes. Sleeps otherwise.
class Mender {
public:
    Mender(Condition& condition, WriteSide& side, ConnectionOptions reading)
        : condition_(condition),
          side_(side),
          reading_(std::move(reading)),
          touch_(side.connection, "UPDATE store_meta SET schema_version = schema_version WHERE id = 1"),
          thread_([this] { run(); }) {}
    ~Mender() {
        condition_.stop();
        thread_.join();
    }

private:
    void run() {
        while (condition_.wait_for_fault() && condition_.pause()) {
            {
                WriteTransaction transaction(side_);
                touch_.run();
                static_cast<void>(transaction.commit());
            }
            try_to_read();
        }
    }
    void try_to_read() {
        try {
            Connection connection(reading_, Side::read, condition_);
            Transaction transaction(connection);
            connection.execute("SELECT count(*) FROM store_meta");
            static_cast<void>(transaction.commit());
        } catch (std::exception const&) {  // the condition knows already
        }
    }

    Condition& condition_;
    WriteSide& side_;
    ConnectionOptions reading_;
    Statement touch_;
    std::thread thread_;
};

}  // namespace

/// In order of use: what is below works on what is above.
struct Store::Parts {
    std::string name;
    DirectoryLock lock;
    Condition condition;
    ConnectionOptions reading;
    WriteSide side;
    net::thread_pool read_pool;
    net::thread_pool write_pool;
    Readers<Queries> readers;
    IngestWriter ingest;
    PricePort prices;
    LatestScan latest;
    JobPort jobs;
    AverageWriter averaging;
    RelayCursorPort relay;
    QuotaPort quotas;
    HistoryReader history;
    Pruner pruner;
    Mender mender;

    Parts(StoreOptions const& options, support::Log log, support::Metrics& metrics)
        : name("sqlite:" + options.directory),
          lock(options.directory),
          condition(std::move(log), metrics),
          reading(connection_options(options, Side::read)),
          side(connection_options(options, Side::write), options.checkpoint_pages, condition, metrics),
          read_pool(options.read_threads),
          write_pool(1),
          readers(read_pool, options.read_threads, reading, condition),
          ingest(side, metrics),
          prices(readers),
          latest(reading, condition),
          jobs(readers, write_pool, side),
          averaging(side, ingest, metrics),
          relay(side),
          quotas(write_pool, side),
          history(reading, condition),
          pruner(side, metrics),
          mender(condition, side, reading) {}

    StorePorts ports() noexcept {
        return {ingest, prices, prices, latest, jobs, jobs, jobs, averaging, history, relay, pruner, pruner, condition, quotas};
    }

    ~Parts() {  // nothing of the pools may run into what is torn down
        read_pool.join();
        write_pool.join();
    }
};

Store::Store(StoreOptions const& options, support::Log log, support::Metrics& metrics)
    : Store(std::make_unique<Parts>(options, std::move(log), metrics)) {}
Store::Store(std::unique_ptr<Parts> parts) : mds::Store(parts->ports()), parts_(std::move(parts)) {}
Store::~Store() = default;

std::unique_ptr<OutboxLog> Store::open_outbox() {
    return std::make_unique<OutboxReader>(parts_->reading, parts_->condition);
}

std::string Store::name() const {
    return parts_->name;
}

int Store::schema_version() const noexcept {
    return newest_schema();
}

std::int64_t Store::store_epoch() const {
    Connection connection(parts_->reading, Side::read, parts_->condition);
    Statement read(connection, "SELECT store_epoch FROM store_meta WHERE id = 1");
    auto rows = read.query();
    if (!rows.next()) throw std::runtime_error("cannot read the store's epoch");
    return rows.integer(0);
}

std::int64_t Store::raise_epoch() {
    {
        WriteTransaction transaction(parts_->side);
        parts_->side.connection.execute("UPDATE store_meta SET store_epoch = store_epoch + 1");
        if (auto const done = transaction.commit(); !done)
            throw std::runtime_error("cannot raise the epoch: " + done.error().message);
    }
    return store_epoch();
}

std::size_t Store::replay_dead_letters(std::string_view error_class) {
    auto const replayed = append_dead_letters(parts_->side, error_class);
    if (!replayed) throw std::runtime_error("cannot replay dead letters: " + replayed.error().message);
    return *replayed;
}

}  // namespace mds::sqlite
