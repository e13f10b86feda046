#include "adapters/postgres/averaging.hpp"
#include "adapters/postgres/condition.hpp"
#include "adapters/postgres/conninfo.hpp"
#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"

#include <stdexcept>

namespace mds::test {
namespace {

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

/// The text of the exception that opening ends with; empty: it opened.
std::string refusal(std::string const& url) {
    support::Metrics metrics;
    try {
        open_store(url, metrics);
    } catch (std::runtime_error const& refused) {
        return refused.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a newer schema and another program's database are refused in clear words") {
    PostgresDatabase const database;
    PostgresShell shell(database.url());
    SECTION("newer") {
        CHECK(refusal(database.url()).empty());
        REQUIRE(shell.run("UPDATE store_meta SET schema_version = 99"));
        CHECK(contains(refusal(database.url()), "schema version 99"));
        CHECK(contains(refusal(database.url()), "use the newer program"));
    }
    SECTION("not ours") {
        REQUIRE(shell.run("CREATE TABLE theirs (a int)"));
        CHECK(contains(refusal(database.url()), "belongs to another program"));
    }
}

TEST_CASE("a server that is not there, and a URL that is none, are refused without showing the password") {
    auto const nobody = refusal("postgresql://user:hunter2@127.0.0.1:1/none");
    CHECK(contains(nobody, "cannot be reached"));
    CHECK_FALSE(contains(nobody, "hunter2"));
    auto const broken = refusal("postgresql://user:hunter2@127.0.0.1:port?x");
    CHECK_FALSE(broken.empty());
    CHECK_FALSE(contains(broken, "hunter2"));
    CHECK(postgres::without_secrets("postgresql://user:hunter2@db:5433/prices") == "db:5433/prices");
}

TEST_CASE("failures are told apart by their SQLSTATE") {
    using postgres::Fault;
    std::vector<std::pair<std::string, Fault>> const expected{{"", Fault::away},
                                                              {"08006", Fault::away},
                                                              {"57P01", Fault::away},
                                                              {"57P02", Fault::away},
                                                              {"57P03", Fault::away},
                                                              {"25006", Fault::read_only},
                                                              {"53300", Fault::too_many_connections},
                                                              {"53100", Fault::disk_full},
                                                              {"53200", Fault::resources},
                                                              {"40P01", Fault::busy},
                                                              {"40001", Fault::busy},
                                                              {"55P03", Fault::busy},
                                                              {"57014", Fault::no_answer},
                                                              {"23505", Fault::repeated_row},
                                                              {"23514", Fault::refused_row},
                                                              {"22003", Fault::refused_row},
                                                              {"28P01", Fault::denied},
                                                              {"3D000", Fault::denied},
                                                              {"XX001", Fault::damaged},
                                                              {"42601", Fault::bug},
                                                              {"42P01", Fault::bug}};
    for (auto const& [sqlstate, fault] : expected) {
        CAPTURE(sqlstate);
        CHECK(postgres::classify(sqlstate) == fault);
    }
    for (Fault const retried :
         {Fault::away, Fault::read_only, Fault::too_many_connections, Fault::disk_full, Fault::busy, Fault::no_answer})
        CHECK(postgres::to_error(retried, "").code == ErrorCode::unavailable);
    CHECK(postgres::to_error(Fault::refused_row, "").code == ErrorCode::invalid_argument);
    CHECK(postgres::to_error(Fault::bug, "").code == ErrorCode::internal);
}

TEST_CASE("raw rows and rejects say who asked, when, and how long it took, and bodies are kept byte for byte") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    Observation fetched = observation(1, {{"AAPL", "150.25"}, {"NULL", ""}}, 11);
    fetched.answer->http_status = 200;
    fetched.answer->content_type = "application/json";
    fetched.answer->body = std::string("\0\xff not json", 11);
    fetched.answer->truncated = true;
    fetched.cause = FetchCause::immediate;
    fetched.attempt = 2;
    fetched.tick = Tick{"simulated/1s", at(10), {}, 0};
    fetched.results[1].result = Reject(Outcome::malformed, std::string("cut \xc3 and \0 zero", 16));
    REQUIRE(store->ingest().commit(std::vector<Observation>{fetched, unanswered(2, {"AAPL"}, 12)}).has_value());
    PostgresShell shell(database.url());
    std::string const raw_id = fetched.raw_id.to_string();
    shell.run("SET timezone = 'UTC'");
    CHECK(shell.all("SELECT encode(body, 'hex') FROM raw_market_data") == "00ff206e6f74206a736f6e");
    CHECK(
        shell.all("SELECT provider, symbols, http_status, content_type, truncated, fetched_at, duration_ms::float, cause, attempt, "
                  "fetch_group, tick_due FROM raw_market_data_text") ==
        "simulated|{AAPL,\"NULL\"}|200|application/json|t|2023-11-14 22:13:31+00|12|immediate|2|simulated/1s|2023-11-14 "
        "22:13:30+00");
    CHECK(shell.all("SELECT symbol, outcome, reason, raw_data_id FROM fetch_outcomes_text ORDER BY fetched_at") ==
          "NULL|malformed|cut \xef\xbf\xbd and \xef\xbf\xbd zero|" + raw_id + "\nAAPL|timeout|no answer in time|");
    CHECK(shell.all("SELECT symbol, provider, seq, price, timestamp, raw_data_id, time_source FROM price_points_text") ==
          "AAPL|simulated|1|150.25|2023-11-14 22:13:30+00|" + raw_id + "|quote");
    CHECK(shell.all("SELECT symbol, provider, price, seq FROM latest_prices") == "AAPL|simulated|150.25|1");
    CHECK(shell.all("SELECT * FROM outbox_text") == "1|AAPL|simulated|1|");
    CHECK(shell.all("SELECT table_name || '.' || column_name || ' ' || numeric_precision || ',' || numeric_scale FROM "
                    "information_schema.columns WHERE table_name IN ('price_points', 'moving_average') AND data_type = 'numeric' "
                    "ORDER BY 1") == "moving_average.average_price 38,19\nprice_points.price 38,18");
    for (char const* const view : {"moving_average_text", "missed_ticks_text", "dead_letters_text"})
        CHECK(shell.run(std::string("SELECT * FROM ") + view));
}

TEST_CASE("an average that is there already trips the index, and the batch goes in around it, counted") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    REQUIRE(store->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}})}).has_value());
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 2;
    batch.averages.emplace_back(series("AAPL"), Average::from_units(5), at(1), at(1), 5);
    REQUIRE(store->averaging().commit(batch).has_value());
    batch.claim.next = 2;
    batch.new_next = 3;
    batch.averages.emplace_back(series("AAPL"), Average::from_units(6), at(2), at(2), 6);
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->series_history().progress(series("AAPL"))->last_averaged == 6);
    CHECK(contains(metrics.render(), "mds_postgres_repeated_averages_total 1"));
    CHECK(store->averaging().claim("price-events", 0)->next == 3);
}

TEST_CASE("the epoch stays until it is raised") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto store = open_store(database.url(), metrics);
    auto const epoch = store->store_epoch();
    CHECK(store->raise_epoch() == epoch + 1);
    REQUIRE(store->ingest().commit(std::vector<Observation>{observation(1, {{"AAPL", "1"}})}).has_value());
    store.reset();
    store = open_store(database.url(), metrics);
    CHECK(store->open_outbox()->read(1, 1)->at(0).price()->store_epoch == epoch + 1);
}

TEST_CASE("a batch of thousands, larger than a socket's buffer") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    std::vector<Observation> batch;
    for (std::uint64_t i = 1; i <= 3000; ++i) {
        batch.push_back(observation(i, {{"S" + std::to_string(i % 300), "1.5"}}));
        batch.back().answer->body.assign(2000, 'x');  // more than a socket's buffer in all
    }
    auto const receipt = store->ingest().commit(batch);
    REQUIRE(receipt.has_value());
    CHECK(receipt->points.back().at(0).seq == 10);
    CHECK(faults_of_numbering(database.url()).empty());
    auto const again = store->ingest().commit(batch);
    REQUIRE(again.has_value());
    CHECK(again->repeated == 3000);
    CHECK(store->open_outbox()->head().value() == 3000);
}

TEST_CASE("rows of a large batch, which are copied, are those of a small one") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    Observation plain = observation(1, {{"AAPL", "150.25"}}, 11);
    Observation full = observation(2, {{"BTC-USD", "123456789012345678.123456789012345678"}, {"NULL", "0.000000000000000001"}}, 12);
    full.answer->http_status = 200;
    full.answer->content_type = std::string("text/\xff \0", 8);
    full.answer->body = std::string("\0\xff not json", 11);
    full.answer->truncated = true;
    full.cause = FetchCause::immediate;
    full.attempt = 2;
    full.tick = Tick{"simulated/1s", at(10), {}, 0};
    auto quote = *full.results[0].quote();
    quote.currency = "USD";
    quote.time_source = TimeSource::receive;
    full.results[0].result = quote;
    REQUIRE(store->ingest().commit(std::vector<Observation>{plain, full}).has_value());
    std::vector<Observation> large;
    for (std::uint64_t i = 10; i < 210; ++i) {
        Observation same = i % 2 == 0 ? plain : full;
        same.raw_id = uuid(i * 1000);
        for (std::size_t j = 0; j < same.results.size(); ++j)
            std::get<Quote>(same.results[j].result).point_id = uuid(i * 1000 + 1 + j);
        large.push_back(std::move(same));
    }
    REQUIRE(store->ingest().commit(large).has_value());
    PostgresShell shell(database.url());
    CHECK(shell.all(
              "SELECT count(*) FROM (SELECT provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, "
              "cause, attempt, group_id, tick_due, count(*) FROM raw_market_data GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 "
              "HAVING count(*) = 101) kinds") == "2");
    CHECK(shell.all(
              "SELECT count(*) FROM (SELECT series_id, price::text, timestamp, fetched_at, time_source, currency FROM price_points "
              "GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) = 101) kinds") == "3");
    CHECK(shell.number("SELECT count(*) FROM raw_market_data") == 202);
    CHECK(faults_of_numbering(database.url()).empty());
}

TEST_CASE("what another connection of the ingest cannot store, the first one does") {
    PostgresDatabase const database;
    support::Metrics metrics;
    auto const store = open_store(database.url(), metrics);
    auto const batch = [](std::uint64_t first, std::uint64_t count) {
        std::vector<Observation> observations;
        for (std::uint64_t i = first; i < first + count; ++i)
            observations.push_back(observation(i, {{"S" + std::to_string(i % 40), "1"}}));
        return observations;
    };
    PostgresShell shell(database.url());
    std::string const others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    REQUIRE(store->ingest().commit(batch(1, 10)).has_value());
    auto const with_one = shell.number("SELECT count(*) " + others);
    REQUIRE(store->ingest().commit(batch(1000, 1000)).has_value());
    REQUIRE(shell.number("SELECT count(*) " + others) == with_one + 1);  // the newest is the other one's
    REQUIRE(shell.run("SELECT pg_terminate_backend(pid, 5000) " + others + " ORDER BY backend_start DESC LIMIT 1"));
    auto const receipt = store->ingest().commit(batch(2000, 1000));
    REQUIRE(receipt.has_value());
    CHECK(receipt->repeated == 0);
    CHECK(store->monitor().store_health().ready);
    CHECK(shell.number("SELECT count(*) FROM price_points") == 2010);
    CHECK(faults_of_numbering(database.url()).empty());
}

}  // namespace mds::test
