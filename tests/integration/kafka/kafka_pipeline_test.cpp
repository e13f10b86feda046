// The whole way on a real store: ingest -> outbox -> relay -> topic -> averaging -> averages and offset in one transaction.

#include "integration/kafka/mock_brokers.hpp"
#include "integration/store/sqlite_under_test.hpp"
#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include "adapters/clock/system_clock.hpp"
#include "services/averaging.hpp"
#include "services/relay.hpp"
#include "support/loop_thread.hpp"

#include <memory>
#include <thread>

using namespace mds;
using namespace mds::testing;

namespace {

struct Pipeline {
    test::ScratchDirectory directory;
    support::Metrics metrics;
    support::Log log = support::Log::silent();
    clock::SystemClock clock;
    std::unique_ptr<sqlite::Store> store = open();
    std::unique_ptr<OutboxLog> outbox = store->open_outbox();
    kafka::KafkaPublisher bus;
    kafka::KafkaSource source;
    Relay relay{*outbox, store->relay_cursor(), bus, clock, "this process", log, metrics, {}};
    Averaging averaging{source, store->averaging(), store->series_history(), store->latest_prices(), log, metrics, epoch_one()};
    support::LoopThread relay_thread{"relay", [this] { return relay.step(); }};
    support::LoopThread consumer_thread{"consumer", [this] { return averaging.step(); }};

    explicit Pipeline(kafka::Options const& options) : bus(options, log, metrics), source(options, log, metrics) {
        relay_thread.start();
        consumer_thread.start();
    }

    static AveragingOptions epoch_one() {
        AveragingOptions options;
        options.store_epoch = 1;
        return options;
    }
    std::unique_ptr<sqlite::Store> open() {
        sqlite::StoreOptions options;
        options.directory = directory.path();
        return std::make_unique<sqlite::Store>(options, log, metrics);
    }
    void add(int count) {
        for (int i = 0; i < count; ++i) {
            ++number_;
            auto const price = std::to_string(100 + number_);
            std::vector<Observation> const batch{test::observation(number_, {{"AAPL", price}, {"MSFT", price}, {"TSLA", price}})};
            REQUIRE(store->ingest().commit(batch).has_value());
        }
    }
    std::int64_t count(std::string const& table) {
        return test::Shell(directory.database()).number("SELECT count(*) FROM " + table);
    }
    bool eventually(std::string const& table, std::int64_t expected) {
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (count(table) != expected && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return count(table) == expected;
    }

private:
    std::uint64_t number_ = 0;
};

}  // namespace

TEST_CASE("what is ingested is averaged by way of Kafka, through an outage of the broker") {
    MockBrokers brokers;
    Pipeline pipeline(brokers.options());
    pipeline.add(40);
    CHECK(pipeline.eventually("moving_average", 3 * 36));
    brokers.down();
    pipeline.add(60);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(pipeline.count("moving_average") == 3 * 36);
    brokers.up();
    CHECK(pipeline.eventually("moving_average", 3 * 96));
    CHECK(pipeline.eventually("(SELECT 1 FROM relay_cursor WHERE next = 301)", 1));  // it moves every 50 ms
    CHECK(pipeline.metrics.render().find("mds_averaging_repaired_total 0\n") != std::string::npos);
}

TEST_CASE("another program's events become points and averages, and garbage a dead letter, byte for byte") {
    MockBrokers brokers;
    Pipeline pipeline(brokers.options());
    pipeline.add(3);
    auto const plain = [](int price) {
        return R"({"symbol":"AAPL","price":")" + std::to_string(price) +
               R"(","timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"theirs"})";
    };
    brokers.produce("AAPL", plain(1));
    brokers.produce("AAPL", "garbage \xff\x01 {");
    brokers.produce("AAPL", plain(2));
    CHECK(pipeline.eventually("price_points", 3 * 3 + 2));
    CHECK(pipeline.eventually("dead_letters", 1));
    CHECK(pipeline.eventually("moving_average", 1));
    pipeline.add(2);
    CHECK(pipeline.eventually("moving_average", 3 + 1 + 1));
    test::Shell shell(pipeline.directory.database());
    CHECK(shell.one("SELECT hex(value) FROM dead_letters") == "6761726261676520FF01207B");
    CHECK(shell.number("SELECT count(*) FROM raw_market_data WHERE cause = 'foreign' AND http_status IS NULL") == 2);
    CHECK(shell.one("SELECT CAST(body AS TEXT) FROM raw_market_data WHERE cause = 'foreign' ORDER BY fetched_at, rowid") ==
          plain(1));
    CHECK(shell.number("SELECT count(*) FROM outbox") == 15 + 1);  // the dead letter
}
