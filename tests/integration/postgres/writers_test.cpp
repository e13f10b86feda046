// Several processes that write at once, each with a store of its own.

#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"

#include <boost/asio/use_future.hpp>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace mds::test {
namespace {

bool is_waiting(PostgresShell& shell, int sessions) {
    return shell.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") ==
           sessions;
}

struct TwoProcesses {
    PostgresDatabase database;
    support::Metrics metrics;
    std::unique_ptr<postgres::Store> one = open_store(database.url(), metrics);
    std::unique_ptr<postgres::Store> two = open_store(database.url(), metrics);

    /// Calls `feed(store, first number of its observations)` for both at once. Whether both said that all of it is stored.
    template <class Feed>
    bool feed_at_once(Feed feed) {
        auto first = std::async(std::launch::async, [&] { return feed(*one, std::uint64_t{1}); });
        auto second = std::async(std::launch::async, [&] { return feed(*two, std::uint64_t{100'000}); });
        bool const both = first.get();
        return second.get() && both;
    }
};

}  // namespace

TEST_CASE("two ingest processes share the numbers of a series without hole or repeat") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const one = open_store(database.url(), metrics);
    auto const two = open_store(database.url(), metrics);
    {
        IngestLoad first(*one, 1);
        IngestLoad second(*two, 1'000'000);
        REQUIRE(eventually([&] { return first.acknowledged() > 50 && second.acknowledged() > 50; }));
        first.stop();
        second.stop();
        CHECK(first.refused() + second.refused() == 0);
        CHECK(first.lost(database.url()).empty());
        CHECK(second.lost(database.url()).empty());
    }
    CHECK(faults_of_numbering(database.url()).empty());
}

TEST_CASE("a try beside the unfinished first try of the same batch waits for it, and gets its numbers") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const one = open_store(database.url(), metrics);
    auto const two = open_store(database.url(), metrics);
    REQUIRE(one->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}})}).has_value());
    REQUIRE(two->ingest().commit(std::vector<Observation>{observation(2, {{"AAPL", "1"}})}).has_value());
    std::vector<Observation> const batch{observation(3, {{"AAPL", "3"}, {"NONE", ""}}), observation(4, {{"AAPL", "4"}})};

    PostgresShell shell(database.url());
    PostgresShell watch(database.url());
    REQUIRE(shell.run("BEGIN; SELECT position FROM outbox_head FOR UPDATE"));  // nobody gets to COMMIT
    auto first = std::async(std::launch::async, [&] { return one->ingest().commit(batch); });
    REQUIRE(eventually([&] { return is_waiting(watch, 1); }));
    auto second = std::async(std::launch::async, [&] { return two->ingest().commit(batch); });
    REQUIRE(eventually([&] { return is_waiting(watch, 2); }));
    REQUIRE(shell.run("COMMIT"));

    auto const written = first.get();
    auto const repeated = second.get();
    REQUIRE(written.has_value());
    REQUIRE(repeated.has_value());
    CHECK(written->repeated == 0);
    CHECK(repeated->repeated == 2);
    REQUIRE(repeated->points[1].size() == 1);
    CHECK(repeated->points[1][0].seq == 4);
    CHECK(repeated->points[1][0].seq == written->points[1][0].seq);
    CHECK(faults_of_numbering(database.url()).empty());
    CHECK(watch.number("SELECT count(*) FROM fetch_outcomes") == 1);
}

TEST_CASE("new series that two processes meet at once are made once") {
    TwoProcesses processes;
    CHECK(processes.feed_at_once([](postgres::Store& store, std::uint64_t base) {
        for (std::uint64_t i = 0; i < 40; ++i) {
            std::string const name = "S" + std::to_string(i);
            std::string const other = "S" + std::to_string(39 - i);
            if (!store.ingest().commit(std::vector<Observation>{observation(base + i, {{name, "1"}, {other + "X", "1"}})}))
                return false;
        }
        return true;
    }));
    auto const& url = processes.database.url();
    CHECK(PostgresShell(url).number("SELECT count(*) FROM series WHERE last_seq = 2") == 80);
    CHECK(faults_of_numbering(url).empty());
}

TEST_CASE("two ingest processes store large batches of the same series at once") {
    TwoProcesses processes;
    CHECK(processes.feed_at_once([](postgres::Store& store, std::uint64_t base) {
        bool stored = true;
        for (std::uint64_t turn = 0; turn < 5; ++turn) {
            std::vector<Observation> batch;
            for (std::uint64_t i = 0; i < 1000; ++i) {
                auto const number =
                    (base + turn + i * 7) % 40;  // always with the same other one, so that both connections have work
                batch.push_back(observation(base + turn * 1000 + i,
                                            {{"S" + std::to_string(number), "1"}, {"S" + std::to_string(number + 40), "2"}}));
            }
            stored = store.ingest().commit(batch).has_value() && stored;
        }
        return stored;
    }));
    auto const& url = processes.database.url();
    CHECK(PostgresShell(url).number("SELECT count(*) FROM price_points") == 20'000);
    CHECK(faults_of_numbering(url).empty());
}

TEST_CASE("of four processes that start at once, one makes the schema") {
    PostgresDatabase const database;
    std::vector<std::future<std::int64_t>> starts;
    for (int i = 0; i < 4; ++i) {
        starts.push_back(std::async(std::launch::async, [&] {
            support::Metrics metrics;
            return open_store(database.url(), metrics)->store_epoch();
        }));
    }
    for (auto& start : starts) CHECK(start.get() == 1);
    support::Metrics metrics;
    auto const schema = open_store(database.url(), metrics)->schema_version();
    CHECK(PostgresShell(database.url()).all("SELECT id, schema_version FROM store_meta") == "1|" + std::to_string(schema));
}

TEST_CASE("a change of a job by another process is seen in the plan") {
    PostgresDatabase const database;
    support::Metrics metrics;
    boost::asio::io_context loop;
    auto const run = [&loop](auto task) {
        auto done = boost::asio::co_spawn(loop, std::move(task), boost::asio::use_future);
        loop.restart();
        loop.run();
        return done.get();
    };
    auto const one = open_store(database.url(), metrics);
    auto const two = open_store(database.url(), metrics);
    auto const before = run(one->poll_plan().load(std::nullopt)).value();
    REQUIRE(run(two->jobs().create(job("poll_1", {"AAPL"}), std::nullopt)).has_value());
    auto const after = run(one->poll_plan().load(before->revision)).value();
    REQUIRE(after.has_value());
    CHECK(after->jobs.size() == 1);
    CHECK_FALSE(run(two->poll_plan().load(after->revision)).value().has_value());
}

}  // namespace mds::test
