// Every statement that touches a table which grows finds its rows by an index: asked of the server, over tables that it filled.

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/statements.hpp"
#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <deque>
#include <functional>

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

/// All rows of an answer, or "error:" and why.
using Ask = std::function<std::string(std::string const& sql)>;

/// The plan that serves any parameters, as a session comes to use it.
std::string plan_of(Ask const& ask, postgres::Sql const& sql) {
    std::string nulls;
    for (int i = 0; i < parameters_of(sql.text); ++i) nulls += i == 0 ? "(NULL" : ", NULL";
    if (!nulls.empty()) nulls += ")";
    if (auto const prepared = ask("PREPARE " + sql.name + " AS " + sql.text); prepared.rfind("error:", 0) == 0) return prepared;
    return ask("EXPLAIN EXECUTE " + sql.name + nulls);
}

/// Steps that read a whole table. Tables of one row, and results of a page's size, are harmless.
std::vector<std::string> walks(Ask const& ask, postgres::Sql const& sql) {
    std::vector<std::string> found;
    std::string const plan = plan_of(ask, sql) + "\n";
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

postgres::Sql const without_index{"without_index", "SELECT seq FROM price_points WHERE price = $1::text::numeric"};

}  // namespace

TEST_CASE("each statement on a table that grows uses an index, at hundreds of thousands of rows") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    PostgresShell shell(database.url());
    auto const filled = shell.all(fill(points_per_series()));
    REQUIRE(filled == "");
    REQUIRE(shell.run("SET plan_cache_mode = force_generic_plan; SET jit = off"));
    auto const ask = [&](std::string const& sql) { return shell.all(sql); };
    for (postgres::Sql const* sql : postgres::sql::on_large_tables()) {
        CAPTURE(sql->name);
        CHECK(walks(ask, *sql) == std::vector<std::string>{});
    }
    CHECK(walks(ask, without_index).size() == 1);  // one without an index would be found
}

// A session keeps its plans, and until the first ANALYZE nobody tells it that a table has grown.
TEST_CASE("nor does a session of ours plan to read a table whole while it is empty") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    postgres::Condition condition(support::Log::silent(), metrics);
    postgres::ConnectionOptions options;
    options.url = database.url();
    postgres::Connection connection(options, postgres::Side::read, condition);
    REQUIRE(connection.script("SET plan_cache_mode = force_generic_plan").has_value());
    std::deque<postgres::Sql> asked;
    auto const ask = [&](std::string const& sql) -> std::string {
        auto answer = connection.ask(asked.emplace_back(postgres::Sql{"asked_" + std::to_string(asked.size()), sql}));
        if (!answer) return "error: " + answer.error().detail;
        std::string lines;
        while (answer->next()) lines += std::string(answer->bytes(0)) + "\n";
        return lines;
    };
    for (postgres::Sql const* sql : postgres::sql::on_large_tables()) {
        CAPTURE(sql->name);
        CHECK(walks(ask, *sql) == std::vector<std::string>{});
    }
    CHECK(walks(ask, without_index).size() == 1);
}

}  // namespace mds::test
