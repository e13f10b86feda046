// Every statement of the store finds its rows by an index: asked of SQLite itself, for all that the store prepares.

#include "integration/store/sqlite_under_test.hpp"
#include "support/catch.hpp"

#include "adapters/sqlite/async_ports.hpp"
#include "adapters/sqlite/averaging.hpp"
#include "adapters/sqlite/ingest.hpp"
#include "adapters/sqlite/outbox.hpp"
#include "adapters/sqlite/write_side.hpp"

#include <set>
#include <string>
#include <vector>

namespace mds::test {
namespace {

std::vector<std::string> plan_of(sqlite3* db, std::string const& sql) {
    sqlite3_stmt* statement = nullptr;
    std::vector<std::string> steps;
    if (sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr) != SQLITE_OK)
        return {sqlite3_errmsg(db)};
    while (sqlite3_step(statement) == SQLITE_ROW)
        steps.emplace_back(reinterpret_cast<char const*>(sqlite3_column_text(statement, 3)));
    sqlite3_finalize(statement);
    return steps;
}

/// Tables of a few rows, results of a page's size, lists within one row, and walks in index order that a LIMIT ends.
bool is_harmless(std::string const& step) {
    static std::set<std::string> const steps = {
        "SCAN poll_progress",
        "SCAN provider_waits",
        "SCAN old",
        "SCAN CONSTANT ROW",
        "SCAN raw_market_data",                                 // by rowid, LIMIT
        "SCAN fetch_outcomes",                                  // by primary key, LIMIT
        "SCAN polling_jobs USING INDEX polling_jobs_planned"};  // holds just the jobs wanted
    return steps.contains(step) || step.rfind("SCAN json_each", 0) == 0;
}

std::vector<std::string> walks(sqlite3* db) {
    std::vector<std::string> found;
    for (sqlite3_stmt* each = sqlite3_next_stmt(db, nullptr); each != nullptr; each = sqlite3_next_stmt(db, each)) {
        std::string const sql = sqlite3_sql(each);
        for (std::string const& step : plan_of(db, sql)) {
            bool const walk = step.rfind("SCAN", 0) == 0 || step.find("TEMP B-TREE") != std::string::npos;
            if (walk && !is_harmless(step)) found.push_back(step + " in: " + sql);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("each query of the store uses an index") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    sqlite::Condition condition(support::Log::silent(), metrics);
    sqlite::ConnectionOptions options;
    options.path = directory.database();
    sqlite::WriteSide side(options, 1000, condition, metrics);
    sqlite::IngestWriter ingest(side, metrics);
    sqlite::JobWriter const jobs(side);
    sqlite::PlanWriter const plan(side);
    sqlite::AverageWriter const averages(side, ingest, metrics);
    sqlite::Pruner const pruner(side, metrics);
    sqlite::Connection reading(options, sqlite::Side::read, condition);
    sqlite::Queries const queries(reading);
    CHECK(walks(side.connection.handle()) == std::vector<std::string>{});
    CHECK(walks(reading.handle()) == std::vector<std::string>{});
    CHECK(sqlite3_next_stmt(reading.handle(), nullptr) != nullptr);
}

TEST_CASE("a query without an index would be found") {
    ScratchDirectory const directory;
    support::Metrics metrics;
    sqlite::Condition condition(support::Log::silent(), metrics);
    sqlite::ConnectionOptions options;
    options.path = directory.database();
    sqlite::WriteSide side(options, 1000, condition, metrics);
    sqlite::Statement const slow(side.connection, "SELECT seq FROM price_points WHERE price = ?");
    CHECK(walks(side.connection.handle()).size() == 1);
}

}  // namespace mds::test
