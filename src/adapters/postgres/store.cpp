#include "adapters/postgres/store.hpp"

#include "adapters/postgres/async_ports.hpp"
#include "adapters/postgres/averaging.hpp"
#include "adapters/postgres/condition.hpp"
#include "adapters/postgres/ingest.hpp"
#include "adapters/postgres/leases.hpp"
#include "adapters/postgres/migrations.hpp"
#include "adapters/postgres/outbox.hpp"
#include "adapters/postgres/quota_ledger.hpp"
#include "adapters/postgres/relay_cursor.hpp"
#include "adapters/postgres/statements.hpp"

#include <mds/ports/store_away.hpp>

#include <stdexcept>
#include <thread>

namespace mds::postgres {
namespace {

ConnectionOptions connection_options(StoreOptions const& options) {
    ConnectionOptions result;
    result.url = options.url;
    result.connect_timeout = options.connect_timeout;
    result.statement_timeout = options.statement_timeout;
    result.answer_timeout = options.statement_timeout + std::chrono::seconds(1);
    return result;
}

/// A migration of a large table takes as long as it takes; so does waiting for another process that is at it.
ConnectionOptions patient(ConnectionOptions options) {
    options.statement_timeout = std::chrono::milliseconds(0);
    options.answer_timeout = std::chrono::hours(24);
    return options;
}

ConnectionOptions migrated(StoreOptions const& options, Condition& condition) {
    auto const usual = connection_options(options);
    auto opening = patient(usual);
    opening.give_up = options.give_up;
    Connection connection(std::move(opening), Side::write, condition);
    migrate(connection);
    return usual;
}

/// Tries a small write and a read now and then while the store is out of order, so that its condition is noticed to be good again
/// even if nobody uses it. Sleeps otherwise.
class Mender {
public:
    Mender(Condition& condition, ConnectionOptions const& options)
        : condition_(condition),
          write_(options, Side::write, condition),
          read_(options, Side::read, condition),
          thread_([this] { run(); }) {}
    ~Mender() {
        condition_.stop();
        thread_.join();
    }

private:
    void run() {
        while (condition_.wait_for_fault() && condition_.pause()) {
            static_cast<void>(write_.ask(sql::meta::touch));
            static_cast<void>(read_.ask(sql::meta::store_epoch));
        }
    }

    Condition& condition_;
    Connection write_;
    Connection read_;
    std::thread thread_;
};

std::int64_t only_number(Result<Rows> rows, char const* what) {
    if (!rows && rows.error().code == ErrorCode::unavailable) throw StoreAway(rows.error().message);
    if (!rows) throw std::runtime_error(std::string(what) + ": " + rows.error().message + " (" + rows.error().detail + ")");
    if (!rows->next()) throw std::runtime_error(std::string(what) + ": store_meta is empty");
    return rows->integer(0);
}

}  // namespace

/// In order of use: what is below works on what is above.
struct Store::Parts {
    std::string name;
    Condition condition;
    ConnectionOptions options;
    Workers readers;
    Workers writers;
    IngestWriter ingest;
    PricePort prices;
    LatestScan latest;
    JobPort jobs;
    AverageStore averaging;
    RelayCursorPort relay;
    LeasePort leases;
    QuotaPort quotas;
    Pruner pruner;
    Mender mender;

    Parts(StoreOptions const& store_options, support::Log log, support::Metrics& metrics)
        : name("postgresql:" + without_secrets(store_options.url)),
          condition(std::move(log), metrics),
          options(migrated(store_options, condition)),
          readers(store_options.read_threads, options, Side::read, condition),
          writers(1, options, Side::write, condition),
          ingest(options, condition, metrics),
          prices(readers),
          latest(options, condition),
          jobs(readers, writers),
          averaging(options, condition, metrics),
          relay(options, condition),
          leases(options, condition),
          quotas(options, condition),
          pruner(options, condition, metrics),
          mender(condition, options) {}

    StorePorts ports() noexcept {
        return {ingest,    prices, prices, latest, jobs,      jobs,   jobs,   averaging,
                averaging, relay,  pruner, pruner, condition, quotas, &leases};
    }
};

Store::Store(StoreOptions const& options, support::Log log, support::Metrics& metrics)
    : Store(std::make_unique<Parts>(options, std::move(log), metrics)) {}
Store::Store(std::unique_ptr<Parts> parts) : mds::Store(parts->ports()), parts_(std::move(parts)) {}
Store::~Store() = default;

std::unique_ptr<OutboxLog> Store::open_outbox() {
    return std::make_unique<OutboxReader>(parts_->options, parts_->condition);
}

std::string Store::name() const {
    return parts_->name;
}

int Store::schema_version() const noexcept {
    return newest_schema();
}

std::int64_t Store::store_epoch() const {
    Connection connection(parts_->options, Side::read, parts_->condition);
    return only_number(connection.ask(sql::meta::store_epoch), "cannot read the store's epoch");
}

std::int64_t Store::raise_epoch() {
    Connection connection(parts_->options, Side::write, parts_->condition);
    return only_number(connection.ask(sql::meta::raise_epoch), "cannot raise the epoch");
}

std::size_t Store::replay_dead_letters(std::string_view error_class) {
    Connection connection(parts_->options, Side::write, parts_->condition);
    std::size_t replayed = 0;
    for (;;) {
        connection.send(sql::begin);
        connection.send(sql::averaging::lock_head);
        connection.send(sql::outbox::replay, error_class);
        connection.send(sql::commit);
        auto const replies = connection.run();
        if (!replies) throw std::runtime_error("cannot replay dead letters: " + replies.error().message);
        auto const some = replies->at(2).changes();
        replayed += static_cast<std::size_t>(some);
        if (some == 0) return replayed;
    }
}

}  // namespace mds::postgres
