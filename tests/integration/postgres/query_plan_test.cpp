// Every statement that touches a table which grows finds its rows by an index: asked of the server, over tables that it filled.

#include "adapters/postgres/statements.hpp"
#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"

#include <cstdlib>

namespace mds::test {
namespace {

/// Ten million points where time is no matter.
std::int64_t points_per_series() {
    return std::getenv("E2E_SOAK") == nullptr ? 1000 : 100'000;
}

/// Ids rise, as those of UUIDv7 do. 100 series of `points` points each, many that were polled in vain, and what goes with them. $1
/// stands for `points`.
std::string fill(std::int64_t points) {
    std::string sql =
        "INSERT INTO series (symbol, provider, last_seq) SELECT 'S' || i, 'simulated', CASE WHEN i <= 100 THEN $1 ELSE 0 END FROM "
        "generate_series(1, 50000) i;"
        "INSERT INTO price_points SELECT s, q, lpad(to_hex((s - 1) * $1 + q), 32, '0')::uuid, 150.25, now(), 'epoch'::timestamptz "
        "+ q * interval '1 s', "
        "gen_random_uuid(), 0, NULL FROM generate_series(1, 100) s, generate_series(1, $1) q;"
        "INSERT INTO moving_average SELECT s, 5, q, 150.25, now(), now() FROM generate_series(1, 100) s, generate_series(5, $1) q;"
        "INSERT INTO raw_market_data SELECT lpad(to_hex(i), 32, '0')::uuid, 'simulated', '{S1}', 200, '', '{}', false, "
        "'epoch'::timestamptz + i * "
        "interval '1 s', 1, 'schedule', 1, 1, now() FROM generate_series(1, 100 * $1) i;"
        "INSERT INTO fetch_outcomes SELECT gen_random_uuid(), 'S1', 'simulated', 'timeout', '', false, 'epoch'::timestamptz + i * "
        "interval '1 s', 1, 'schedule', 1, 1, now() FROM generate_series(1, 100000) i;"
        "INSERT INTO outbox SELECT (q - 1) * 100 + s, s, q FROM generate_series(1, 100) s, generate_series(1, $1) q;"
        "UPDATE outbox_head SET position = 100 * $1;"
        "INSERT INTO consumer_offsets (topic, partition, epoch, next) VALUES ('price-events', 0, 1, 100 * $1 + 1);"
        "INSERT INTO dead_letters (topic, partition, \"offset\", key, value, error_class, error, received_at, position) SELECT "
        "'price-events', 0, i, '', '', '', '', now(), 100 * $1 + i FROM generate_series(1, 20000) i;"
        "INSERT INTO dead_letter_headers SELECT 'price-events', 0, i, h, '', '' FROM generate_series(1, 20000) i, "
        "generate_series(1, 2) h;"
        "INSERT INTO poll_progress (name) SELECT 'g' || i FROM generate_series(1, 5000) i;"
        "INSERT INTO polling_jobs SELECT 'poll_' || i, CASE WHEN i % 1000 = 0 THEN 'active' ELSE 'cancelled' END, '{S1}', 60, "
        "'{simulated}', false, 'epoch'::timestamptz + i * interval '1 s', now(), true, 0, 0 FROM generate_series(1, 100000) i;"
        "INSERT INTO idempotency_keys SELECT 'k' || i, 'd', 'poll_1', '{}', 'epoch'::timestamptz + i * interval '1 s' FROM "
        "generate_series(1, 100000) i;"
        "ANALYZE";
    for (auto at = sql.find("$1"); at != sql.npos; at = sql.find("$1", at)) sql.replace(at, 2, std::to_string(points));
    return sql;
}

int parameters_of(std::string const& text) {
    int highest = 0;
    for (std::size_t at = text.find('$'); at != text.npos; at = text.find('$', at + 1))
        highest = std::max(highest, std::atoi(text.c_str() + at + 1));
    return highest;
}

/// The plan that serves any parameters, as a session comes to use it.
std::string plan_of(PostgresShell& shell, postgres::Sql const& sql) {
    std::string nulls;
    for (int i = 0; i < parameters_of(sql.text); ++i) nulls += i == 0 ? "(NULL" : ", NULL";
    if (!nulls.empty()) nulls += ")";
    if (auto const prepared = shell.all("PREPARE " + sql.name + " AS " + sql.text); prepared.rfind("error:", 0) == 0)
        return prepared;
    return shell.all("EXPLAIN EXECUTE " + sql.name + nulls);
}

/// Steps that read a whole table. Tables of one row, and results of a page's size, are harmless.
std::vector<std::string> walks(PostgresShell& shell, postgres::Sql const& sql) {
    std::vector<std::string> found;
    std::string const plan = plan_of(shell, sql) + "\n";
    if (plan.rfind("error:", 0) == 0) found.push_back(sql.name + " " + plan);
    for (std::size_t at = plan.find("Seq Scan on "); at != plan.npos; at = plan.find("Seq Scan on ", at + 1)) {
        std::string const step = plan.substr(at, plan.find("  (", at) - at);
        static std::vector<std::string> const harmless{"Seq Scan on outbox_head h", "Seq Scan on outbox_head",
                                                       "Seq Scan on store_meta m", "Seq Scan on consumer_offsets",
                                                       "Seq Scan on relay_cursor"};
        if (std::find(harmless.begin(), harmless.end(), step) == harmless.end()) found.push_back(sql.name + ": " + step);
    }
    return found;
}

}  // namespace

TEST_CASE("each statement on a table that grows uses an index, at hundreds of thousands of rows") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    PostgresShell shell(database.url());
    auto const filled = shell.all(fill(points_per_series()));
    REQUIRE(filled == "");
    REQUIRE(shell.run("SET plan_cache_mode = force_generic_plan; SET jit = off"));
    for (postgres::Sql const* sql : postgres::sql::on_large_tables()) {
        CAPTURE(sql->name);
        CHECK(walks(shell, *sql) == std::vector<std::string>{});
    }
    postgres::Sql const slow{"slow", "SELECT seq FROM price_points WHERE price = $1::text::numeric"};
    CHECK(walks(shell, slow).size() == 1);  // one without an index would be found
}

}  // namespace mds::test
