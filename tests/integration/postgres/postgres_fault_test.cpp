// What a server can do to its clients. Each test has a server of its own.

#include "integration/postgres/cutting_proxy.hpp"
#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"
#include "support/loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>

namespace mds::test {
namespace {

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

std::vector<Observation> one(std::uint64_t number) {
    return {observation(number, {{"AAPL", "1"}})};
}

/// Asks for a whole day's quota of one request. True: it was there. The loop must outlive the store: a thread of the store that has
/// handed its answer over may still be about to leave the loop's lock.
bool take_quota(postgres::Store& store, Loop& loop) {
    QuotaOrder order;
    order.provider = "p";
    order.windows = {{1, std::chrono::hours(24), false}};
    order.wishes = {{1, QuotaUse::reads, std::chrono::seconds(0)}};
    auto const grant = loop.run(store.quotas().take(order));
    REQUIRE(grant.has_value());
    return grant->replies.at(0).taken;
}

char const* const ours = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Averages are written all the time, each commit moving the offset by one.
class AveragingLoad {
public:
    explicit AveragingLoad(postgres::Store& store) : store_(store), thread_([this] { run(); }) {}
    ~AveragingLoad() { stop(); }
    AveragingLoad(AveragingLoad const&) = delete;
    AveragingLoad& operator=(AveragingLoad const&) = delete;
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::int64_t commits() const { return commits_; }

private:
    void run() {
        while (!stopping_) {
            if (!commit()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    /// As the consumer does: a claim tells what is in the table after a commit of unknown outcome.
    bool commit() {
        auto const claim = store_.averaging().claim("price-events", 0);
        if (!claim) return false;
        AveragingBatch batch;
        batch.claim = *claim;
        batch.new_next = claim->next + 1;
        batch.averages.emplace_back(series("AAPL", "averaged"), Average::from_units(1), at(0), at(0), claim->next + 5);
        if (!store_.averaging().commit(batch)) return false;
        ++commits_;
        return true;
    }

    postgres::Store& store_;
    std::atomic<std::int64_t> commits_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE("backends killed in the middle of batches lose nothing and repeat nothing") {
    PostgresServer server;
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    PostgresShell shell(database.url());
    IngestLoad load(*store, 1);
    AveragingLoad averaging(*store);
    for (int round = 0; round < 25; ++round) {
        auto const before = load.acknowledged();
        REQUIRE(eventually([&] { return load.acknowledged() > before + 1; }));
        REQUIRE(shell.run(std::string("SELECT pg_terminate_backend(pid) ") + ours));
    }
    averaging.stop();
    load.stop();
    CHECK(load.refused() > 0);
    CHECK(averaging.commits() > 0);
    CHECK(load.lost(database.url()).empty());
    CHECK(faults_of_numbering(database.url()).empty());
    CHECK(shell.all("SELECT next - (SELECT count(*) FROM moving_average) FROM consumer_offsets") == "0");
    CHECK(eventually([&] { return store->monitor().store_health().ready; }));
}

TEST_CASE("a session that is cut right behind a COPY takes its transaction with it, and the rest of it is not done on another") {
    int const copies_before = GENERATE(0, 1);  // the answers, then the points
    PostgresServer server;
    PostgresDatabase const database(server);
    auto const port = database.url().rfind(':') + 1;
    auto const name = database.url().find('/', port);
    CuttingProxy proxy(std::stoi(database.url().substr(port, name - port)));
    support::Metrics metrics;
    auto const store = open_store(database.url().substr(0, port) + std::to_string(proxy.port()) + database.url().substr(name) +
                                      "?sslmode=disable&gssencmode=disable",
                                  metrics);
    REQUIRE(store->ingest().commit(one(1)).has_value());
    std::vector<Observation> batch;
    for (std::uint64_t i = 0; i < 300; ++i) batch.push_back(observation(i + 2, {{"AAPL", "1"}}));
    proxy.cut_after(copies_before);
    auto const cut = store->ingest().commit(batch);
    CHECK(proxy.cuts() == 1);
    REQUIRE(cut.has_error());
    CHECK(cut.error().code == ErrorCode::unavailable);
    PostgresShell shell(database.url());
    CHECK(shell.all("SELECT count(*) FROM price_points") == "1");
    CHECK(faults_of_numbering(database.url()).empty());
    REQUIRE(eventually([&] { return store->ingest().commit(batch).has_value(); }));
    CHECK(shell.all("SELECT count(*) FROM price_points") == "301");
    CHECK(faults_of_numbering(database.url()).empty());
}

TEST_CASE("a server that crashes under load loses nothing acknowledged, and the store goes on by itself") {
    PostgresServer server;
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    auto const log = store->open_outbox();
    {
        IngestLoad load(*store, 1);
        AveragingLoad averaging(*store);
        for (int round = 0; round < 5; ++round) {
            auto const before = load.acknowledged();
            REQUIRE(eventually([&] { return load.acknowledged() > before + 5; }));
            server.stop();
            REQUIRE(eventually([&] { return !store->monitor().store_health().ready; }));
            CHECK(contains(store->monitor().store_health().reason, "cannot be reached"));
            server.start();
        }
        auto const before = load.acknowledged();
        REQUIRE(eventually([&] { return load.acknowledged() > before; }));
        averaging.stop();
        load.stop();
        CHECK(load.refused() > 0);
        CHECK(load.lost(database.url()).empty());
    }
    CHECK(faults_of_numbering(database.url()).empty());
    CHECK(PostgresShell(database.url()).all("SELECT next - (SELECT count(*) FROM moving_average) FROM consumer_offsets") == "0");
    CHECK(eventually([&] { return store->monitor().store_health().ready; }));
    CHECK(log->head().value() == PostgresShell(database.url()).number("SELECT max(position) FROM outbox"));
}

TEST_CASE("a read-only server is said to be one, is read on, and takes the batch once it writes again") {
    PostgresServer server;
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(one(1)).has_value());
    PostgresShell shell(database.url());
    REQUIRE(shell.run("ALTER SYSTEM SET default_transaction_read_only = on"));
    REQUIRE(shell.run("SELECT pg_reload_conf()"));
    REQUIRE(eventually([&] { return !store->ingest().commit(one(2)).has_value(); }));
    auto const refused = store->ingest().commit(one(3));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(contains(store->monitor().store_health().reason, "read-only"));
    CHECK(store->series_history().points(series("AAPL"), 1, 9).has_value());
    REQUIRE(shell.run("SET default_transaction_read_only = off"));
    REQUIRE(shell.run("ALTER SYSTEM RESET default_transaction_read_only"));
    REQUIRE(shell.run("SELECT pg_reload_conf()"));
    CHECK(eventually([&] { return store->monitor().store_health().ready; }));  // though nobody writes
    CHECK(eventually([&] { return store->ingest().commit(one(3)).has_value(); }));
    CHECK(faults_of_numbering(database.url()).empty());
}

TEST_CASE("what changes nothing does not prove that a read-only server writes again") {
    PostgresServer server;
    PostgresDatabase const database(server);
    Loop loop;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(one(1)).has_value());
    REQUIRE(take_quota(*store, loop));
    PostgresShell shell(database.url());
    REQUIRE(shell.run("ALTER SYSTEM SET default_transaction_read_only = on"));
    REQUIRE(shell.run("SELECT pg_reload_conf()"));
    REQUIRE(eventually([&] { return !store->ingest().commit(one(2)).has_value(); }));
    CHECK_FALSE(take_quota(*store, loop));
    CHECK(contains(store->monitor().store_health().reason, "read-only"));
}

TEST_CASE("a server without a free connection is said to be full, and used again once it has one") {
    PostgresServer server({"max_connections=12", "superuser_reserved_connections=0"});
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(one(1)).has_value());
    PostgresShell shell(database.url());
    REQUIRE(shell.run(std::string("SELECT pg_terminate_backend(pid, 5000) ") + ours));
    {
        std::vector<std::unique_ptr<PostgresShell>> others;
        for (int i = 0; i < 12; ++i) others.push_back(std::make_unique<PostgresShell>(database.url()));
        static_cast<void>(store->ingest().commit(one(2)));            // finds its connection dead
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // longer than the first back-off
        auto const refused = store->ingest().commit(one(2));
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == ErrorCode::unavailable);
        CAPTURE(refused.error().detail);
        CHECK(contains(refused.error().message, "no connection left"));
        CHECK(contains(store->monitor().store_health().reason, "no connection left"));
    }
    CHECK(eventually([&] { return store->ingest().commit(one(2)).has_value(); }));
    CHECK(eventually([&] { return store->monitor().store_health().ready; }));
}

TEST_CASE("a backend that no longer answers is given up after the time-out, and the batch goes in on another") {
    PostgresServer server;
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(one(1)).has_value());
    PostgresShell shell(database.url());
    auto const backend = shell.number(std::string("SELECT min(pid) ") + ours);
    REQUIRE(shell.number(std::string("SELECT count(*) ") + ours) == 1);
    REQUIRE(::kill(static_cast<::pid_t>(backend), SIGSTOP) == 0);
    auto const begin = std::chrono::steady_clock::now();
    auto const refused = store->ingest().commit(one(2));
    auto const took = std::chrono::steady_clock::now() - begin;
    CHECK(refused.has_error());
    CHECK(took < std::chrono::seconds(8));
    CHECK(eventually([&] { return store->ingest().commit(one(2)).has_value(); }));
    ::kill(static_cast<::pid_t>(backend), SIGCONT);
    CHECK(faults_of_numbering(database.url()).empty());
}

TEST_CASE("a store that is closed does not wait for a server that stands still") {
    PostgresServer server;
    PostgresDatabase const database(server);
    support::Metrics metrics;
    postgres::StoreOptions options;
    options.url = database.url();
    options.statement_timeout = std::chrono::minutes(5);
    auto store = std::make_unique<postgres::Store>(options, support::Log::silent(), metrics);
    PostgresShell shell(database.url());
    boost::asio::io_context loop(1);
    auto const read = [&] { boost::asio::co_spawn(loop, store->poll_plan().provider_waits(), boost::asio::detached); };
    read();
    loop.run();
    auto const backend = static_cast<::pid_t>(shell.number(std::string("SELECT min(pid) ") + ours));
    REQUIRE(::kill(backend, SIGSTOP) == 0);
    loop.restart();
    read();
    loop.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // now it waits for the answer
    auto const begin = std::chrono::steady_clock::now();
    store.reset();
    auto const took = std::chrono::steady_clock::now() - begin;
    ::kill(backend, SIGCONT);
    CHECK(took < std::chrono::seconds(20));
}

TEST_CASE("a deadlock with another program is retried") {
    PostgresServer server({"deadlock_timeout=50ms"});
    PostgresDatabase const database(server);
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}, {"MSFT", "1"}})}).has_value());
    IngestLoad load(*store, 10);
    PostgresShell shell(database.url());
    int deadlocks = 0;
    for (int round = 0; round < 200 && (deadlocks == 0 || load.refused() == 0); ++round) {
        shell.run("BEGIN; SELECT FROM outbox_head FOR UPDATE");
        if (!shell.run("SELECT pg_sleep(0.02); SELECT FROM series ORDER BY id DESC FOR UPDATE")) ++deadlocks;
        shell.run("ROLLBACK");
    }
    load.stop();
    CHECK(deadlocks + static_cast<int>(load.refused()) > 0);
    CHECK(load.lost(database.url()).empty());
    CHECK(faults_of_numbering(database.url()).empty());
    CHECK(store->monitor().store_health().ready);
}

}  // namespace mds::test
