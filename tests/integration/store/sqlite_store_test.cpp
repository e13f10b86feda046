#include "adapters/sqlite/condition.hpp"
#include "adapters/sqlite/store.hpp"

#include "integration/store/sqlite_under_test.hpp"
#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mds::test {
namespace {

std::unique_ptr<sqlite::Store> open(ScratchDirectory const& directory, support::Metrics& metrics) {
    sqlite::StoreOptions options;
    options.directory = directory.path();
    return std::make_unique<sqlite::Store>(options, support::Log::silent(), metrics);
}

/// The text of the exception that opening ends with; empty: it opened.
std::string refusal(ScratchDirectory const& directory) {
    support::Metrics metrics;
    try {
        open(directory, metrics);
    } catch (std::runtime_error const& refused) {
        return refused.what();
    }
    return {};
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

template <class Condition>
bool eventually(Condition condition) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace

TEST_CASE("a second process on the same data directory is refused") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    auto store = open(directory, metrics);
    CHECK(contains(refusal(directory), "in use by another mds process"));
    store.reset();
    CHECK(refusal(directory).empty());
}

TEST_CASE("a killed process leaves neither a lock nor half a commit behind") {
    ScratchDirectory const directory;
    ::pid_t const child = ::fork();
    if (child == 0) {
        support::Metrics metrics;
        auto const store = open(directory, metrics);
        static_cast<void>(store->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}})}));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    support::Metrics metrics;
    auto const store = open(directory, metrics);
    CHECK(store->series_history().points(series("AAPL"), 1, 9)->size() == 1);
}

TEST_CASE("a newer schema, another program's file and a damaged file are refused in clear words") {
    ScratchDirectory const directory;
    SECTION("newer") {
        CHECK(refusal(directory).empty());
        REQUIRE(Shell(directory.database()).run("UPDATE store_meta SET schema_version = 99"));
        CHECK(contains(refusal(directory), "schema version 99"));
        CHECK(contains(refusal(directory), "use the newer program"));
    }
    SECTION("not ours") {
        std::ofstream(directory.database()).close();
        REQUIRE(Shell(directory.database()).run("CREATE TABLE theirs (a)"));
        CHECK(contains(refusal(directory), "belongs to another program"));
    }
    SECTION("damaged") {
        std::ofstream(directory.database()) << std::string(8192, 'x');
        CHECK(contains(refusal(directory), "damaged"));
    }
    SECTION("no directory can be made") {
        std::ofstream(directory.path() + "/file").close();
        support::Metrics metrics;
        sqlite::StoreOptions options;
        options.directory = directory.path() + "/file/below";
        CHECK_THROWS_AS(sqlite::Store(options, support::Log::silent(), metrics), std::runtime_error);
    }
}

TEST_CASE("while another program holds the lock nothing is acknowledged; readiness comes back by itself") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    auto const store = open(directory, metrics);
    auto const batch = std::vector<Observation>{observation(1, {{"AAPL", "1"}})};
    Shell shell(directory.database());
    REQUIRE(shell.run("BEGIN IMMEDIATE"));
    auto const refused = store->ingest().commit(batch);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(contains(refused.error().message, "locked by another program"));
    CHECK_FALSE(store->monitor().store_health().ready);
    CHECK(contains(store->monitor().store_health().reason, "locked"));
    REQUIRE(shell.run("COMMIT"));
    CHECK(eventually([&] { return store->monitor().store_health().ready; }));
    CHECK(store->ingest().commit(batch).has_value());
    CHECK(contains(metrics.render(), "mds_sqlite_faults_total{kind=\"locked\"}"));
}

TEST_CASE("a file that is damaged while in use is an unavailable store, not a crash") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    {
        auto const store = open(directory, metrics);
        std::vector<Observation> batch;
        for (std::uint64_t i = 1; i <= 500; ++i) batch.push_back(observation(i, {{"AAPL", "1"}}));
        REQUIRE(store->ingest().commit(batch).has_value());
    }
    auto const store = open(directory, metrics);
    {
        std::fstream file(directory.database(), std::ios::in | std::ios::out | std::ios::binary);
        for (int page = 2; page < 40; ++page) {
            file.seekp(page * 4096);
            file << std::string(64, '\xee');
        }
    }
    auto const read = store->series_history().points(series("AAPL"), 1, 1000);
    auto const written = store->ingest().commit(std::vector<Observation>{observation(900, {{"AAPL", "1"}})});
    REQUIRE(read.has_error());
    CHECK(read.error().code == ErrorCode::unavailable);
    REQUIRE(written.has_error());
    CHECK(contains(written.error().message, "damaged"));
    CHECK_FALSE(store->monitor().store_health().ready);
    static_cast<void>(store->averaging().claim("price-events", 0));  // another page, still good
    CHECK(contains(store->monitor().store_health().reason, "damaged"));
}

TEST_CASE("the epoch stays until it is raised") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    auto store = open(directory, metrics);
    auto const epoch = store->store_epoch();
    CHECK(store->raise_epoch() == epoch + 1);
    REQUIRE(store->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}})}).has_value());
    store.reset();
    store = open(directory, metrics);
    CHECK(store->store_epoch() == epoch + 1);
    CHECK(store->open_outbox()->read(1, 1)->at(0).price()->store_epoch == epoch + 1);
}

TEST_CASE("raw rows and rejects say who asked, when, and how long it took") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    auto const store = open(directory, metrics);
    Observation fetched = observation(1, {{"AAPL", "150.25"}, {"NOPE", ""}}, 11);
    fetched.answer->http_status = 200;
    fetched.answer->content_type = "application/json";
    fetched.answer->truncated = true;
    fetched.cause = FetchCause::immediate;
    fetched.attempt = 2;
    fetched.tick = Tick{"simulated/1s", at(10), {}, 0};
    REQUIRE(store->ingest().commit(std::vector<Observation>{fetched, unanswered(2, {"AAPL"}, 12)}).has_value());
    Shell shell(directory.database());
    std::string const raw_id = fetched.raw_id.to_string();
    CHECK(shell.all("SELECT * FROM raw_market_data_text") ==
          raw_id +
              "|simulated|[\"AAPL\",\"NOPE\"]|200|application/json|{\"number\":1}|1|2023-11-14T22:13:31.000000Z|12.0|immediate|2|"
              "simulated/1s|2023-11-14T22:13:30.000000Z");
    CHECK(shell.all("SELECT symbol, outcome, reason, raw_data_id, cause, attempt, tick_due FROM fetch_outcomes_text") ==
          "NOPE|no_data|no price|" + raw_id +
              "|immediate|2|2023-11-14T22:13:30.000000Z\nAAPL|timeout|no answer in time||schedule|1|");
    CHECK(shell.all("SELECT * FROM price_points_text") ==
          "AAPL|simulated|1|150.25|2023-11-14T22:13:30.000000Z|2023-11-14T22:13:31.000000Z|" + uuid(1001).to_string() + "|" +
              raw_id + "|quote|");
    CHECK(shell.all("SELECT symbol, provider, price, seq FROM latest_prices") == "AAPL|simulated|150.25|1");
    CHECK(shell.all("SELECT * FROM outbox_text") == "1|AAPL|simulated|1|");
    CHECK(shell.one("SELECT typeof(price) FROM price_points") == "text");
    for (char const* const view : {"moving_average_text", "missed_ticks_text", "polling_jobs_text", "dead_letters_text"})
        CHECK_FALSE(contains(shell.all(std::string("SELECT * FROM ") + view), "error"));
}

TEST_CASE("ingest, jobs, averages and readers work at the same time") {
    auto const store = make_store_under_test();
    auto const writer = [&](std::uint64_t base) {
        return [&, base] {
            for (std::uint64_t i = 1; i <= 60; ++i)
                if (!store->ingest().commit(std::vector<Observation>{observation(base + i, {{"AAPL", "1"}})})) return;
        };
    };
    std::thread ingesting(writer(1000));
    std::thread consuming([&] {
        auto const log = store->open_outbox();
        for (int i = 0; i < 60; ++i) {
            static_cast<void>(store->averaging().claim("price-events", 0));
            static_cast<void>(log->read(1, 100));
            static_cast<void>(store->series_history().points(series("AAPL"), 1, 10));
            static_cast<void>(store->raw_retention().prune_raw(at(-1), 10));
        }
    });
    for (int i = 0; i < 60; ++i) {
        Job made = job("poll_" + std::to_string(1000 + i), {"AAPL"}, i);
        REQUIRE(store->run(store->jobs().create(made, std::nullopt)).has_value());
        HistoryQuery const query(series("AAPL"));
        REQUIRE(store->run(store->prices().history(query)).has_value());
    }
    ingesting.join();
    consuming.join();
    CHECK(all_points(*store, series("AAPL")).size() == 60);
    CHECK(store->averaging().claim("price-events", 0)->epoch == 61);
    CHECK(store->monitor().store_health().ready);
}

TEST_CASE("the write-ahead log stays small although some reader always needs it") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    sqlite::StoreOptions options;
    options.directory = directory.path();
    options.checkpoint_pages = 16;
    sqlite::Store store(options, support::Log::silent(), metrics);

    // Two readers in turn: each lets go only when the other one has its snapshot.
    std::atomic<bool> stop = false;
    std::atomic<int> turn = 0;
    auto const read = [&](int me) {
        sqlite3* db = nullptr;
        sqlite3_open_v2((directory.path() + "/mds.db").c_str(), &db, SQLITE_OPEN_READWRITE, nullptr);
        sqlite3_busy_timeout(db, 5000);
        while (!stop) {
            if (turn % 2 != me) {
                std::this_thread::yield();
                continue;
            }
            sqlite3_exec(db, "BEGIN; SELECT count(*) FROM store_meta", nullptr, nullptr, nullptr);
            int const mine = ++turn;
            while (turn == mine && !stop) std::this_thread::yield();
            sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
        }
        sqlite3_close(db);
    };
    std::thread first(read, 0), second(read, 1);
    std::uintmax_t largest = 0;
    for (std::uint64_t number = 1; number <= 400; ++number) {
        std::vector<Observation> const batch{observation(number, {{"AAPL", "1"}, {"MSFT", "2"}, {"TSLA", "3"}})};
        CHECK(store.ingest().commit(batch).has_value());
        largest = std::max(largest, std::filesystem::file_size(directory.path() + "/mds.db-wal"));
    }
    stop = true;
    first.join();
    second.join();
    INFO("largest " << largest);
    CHECK(largest < 16 * 8 * 4120 * 8);  // on a busy machine a few waits fail; without them it is as long as all that was written
    CHECK(metrics.gauge("mds_sqlite_wal_bytes", "Size of the write-ahead log after the last commit").Value() > 0);
}

TEST_CASE("a lost race for the locks of the log is a lock, and another try mends it") {
    CHECK(sqlite::classify(SQLITE_PROTOCOL, 0) == sqlite::Fault::locked);
    CHECK(sqlite::to_error(sqlite::classify(SQLITE_PROTOCOL, 0), "").code == ErrorCode::unavailable);
}

}  // namespace mds::test
