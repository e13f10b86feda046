// The same program with its store on a PostgreSQL server, the bus still in this process.

#include "integration/app/program.hpp"
#include "support/catch.hpp"
#include "support/postgres_server.hpp"

using namespace mds::test;

namespace {

std::vector<std::string> on(PostgresDatabase const& database, std::vector<std::string> more = {}) {
    std::vector<std::string> settings{"--set", "store.kind=postgresql", "--set", "store.url=" + database.url()};
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
}

}  // namespace

TEST_CASE("on PostgreSQL the shipped jobs are polled, stored, averaged and served, and go on after a restart") {
    PostgresDatabase const database;
    Program program;
    auto const first = program.run(
        [&] {
            CHECK(contains(get_ok(program.port, "/prices/latest?symbol=AAPL"), R"("symbol":"AAPL")"));
            CHECK(contains(get_ok(program.port, "/prices/moving-average?symbol=TSLA&period=5"), R"("period":5)"));
            CHECK(contains(get_ok(program.port, "/prices/history?symbol=TSLA"), R"("seq":5)"));
            CHECK(get_ok(program.port, "/readyz").starts_with("HTTP/1.1 200"));
        },
        on(database));
    INFO(program.err);
    CHECK(first == ExitCode::ok);
    PostgresShell shell(database.url());
    CHECK(
        shell.number(
            "SELECT count(*) FROM series WHERE last_seq <> (SELECT count(*) FROM price_points p WHERE p.series_id = series.id)") ==
        0);
    auto const points = shell.number("SELECT count(*) FROM price_points");
    CHECK(shell.number("SELECT count(*) FROM outbox") == points);
    auto const second = program.run(
        [&] {
            CHECK(contains(get(program.port, "/prices/latest?symbol=AAPL&max_age=3600"), "X-Price-Source: memory"));
            CHECK(get(program.port, "/prices/moving-average?symbol=TSLA").starts_with("HTTP/1.1 200"));
            auto const jobs = get(program.port, "/prices/poll");
            CHECK(jobs.find("job_id") == jobs.rfind("job_id"));
        },
        on(database));
    CHECK(second == ExitCode::ok);
    CHECK_FALSE(std::filesystem::exists(program.folder.path / "mds.db"));
}

TEST_CASE("migrate makes the schema on PostgreSQL, and --new-epoch raises its epoch") {
    PostgresDatabase const database;
    Program program;
    CHECK(program.run([] {}, on(database, {"migrate"})) == ExitCode::ok);
    CHECK(program.run([] {}, on(database, {"migrate", "--new-epoch"})) == ExitCode::ok);
    CHECK(PostgresShell(database.url()).all("SELECT store_epoch FROM store_meta WHERE schema_version > 0") == "2");
}
