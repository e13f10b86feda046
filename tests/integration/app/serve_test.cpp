#include "integration/app/program.hpp"
#include "support/catch.hpp"

#include <sqlite3.h>

using namespace mds::test;

namespace {

void run_sql(Program const& program, char const* statement) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open((program.folder.path / "mds.db").c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
}

}  // namespace

TEST_CASE("the shipped configuration polls, stores, averages and serves, and goes on after a restart") {
    Program program;
    auto const first = program.run([&] {
        CHECK(contains(get_ok(program.port, "/prices/latest?symbol=AAPL"), R"("symbol":"AAPL")"));
        CHECK(contains(get_ok(program.port, "/prices/moving-average?symbol=TSLA&period=5"), R"("period":5)"));
        CHECK(get_ok(program.port, "/readyz").starts_with("HTTP/1.1 200"));
    });
    CHECK(first == ExitCode::ok);
    auto const second = program.run([&] {
        auto const latest = get(program.port, "/prices/latest?symbol=AAPL&max_age=3600");
        CHECK(contains(latest, "X-Price-Source: memory"));
        CHECK(get(program.port, "/prices/moving-average?symbol=TSLA").starts_with("HTTP/1.1 200"));
        auto const jobs = get(program.port, "/prices/poll");
        CHECK(jobs.find("job_id") == jobs.rfind("job_id"));
    });
    CHECK(second == ExitCode::ok);
}

TEST_CASE("a data directory in use ends a second process with 3") {
    Program program;
    CHECK(program.run([&] { CHECK(program.migrate() == ExitCode::store); }) == ExitCode::ok);
}

TEST_CASE("a store of a newer version ends the process with 3") {
    Program program;
    REQUIRE(program.migrate() == ExitCode::ok);
    run_sql(program, "UPDATE store_meta SET schema_version = 999999");
    CHECK(program.migrate() == ExitCode::store);
    CHECK(program.run([] {}) == ExitCode::store);
}

TEST_CASE("a port in use ends the process with 1") {
    Program program;
    net::io_context context;
    net::ip::tcp::acceptor const taken(context, {net::ip::make_address("127.0.0.1"), 0});
    program.port = taken.local_endpoint().port();
    bool waited = false;
    CHECK(program.run([&] { waited = true; }) == ExitCode::failure);
    CHECK_FALSE(waited);
}

TEST_CASE("a role runs only what it names") {
    Program program;
    auto const code = program.run(
        [&] {
            auto const ready = get_ok(program.port, "/readyz");
            CHECK(contains(ready, "http"));
            CHECK_FALSE(contains(ready, "poller"));
            CHECK_FALSE(contains(ready, "consumer"));
        },
        {"--modules", "http"});
    CHECK(code == ExitCode::ok);
}

TEST_CASE("migrate --new-epoch raises the store's epoch") {
    Program program;
    REQUIRE(program.migrate() == ExitCode::ok);
    CHECK(program.migrate({"--new-epoch"}) == ExitCode::ok);
    CHECK(program.run([] {}) == ExitCode::ok);
}
