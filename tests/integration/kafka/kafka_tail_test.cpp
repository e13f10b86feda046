#include "integration/kafka/mock_brokers.hpp"
#include "support/catch.hpp"

#include "adapters/kafka/kafka_tail.hpp"
#include "adapters/kafka/topics.hpp"

#include <algorithm>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;

namespace {

struct Followed {
    int begun = 0;
    std::vector<std::string> values;
};

void follow_until(kafka::KafkaTail& tail, Followed& seen, std::function<bool()> const& done) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        auto const signal = tail.poll(100, milliseconds(50));
        if (!signal) continue;
        if (std::holds_alternative<PartitionsAssigned>(*signal)) ++seen.begun;
        if (auto const* const read = std::get_if<RecordsRead>(&*signal)) {
            for (auto const& run : read->runs) {
                for (auto const& record : run.records) seen.values.push_back(std::get<RawRecord>(record.content).value);
            }
        }
    }
}

}  // namespace

TEST_CASE("the tail tells every record of every partition from where it began, and none before") {
    MockBrokers brokers(4);
    support::Metrics metrics;
    for (int i = 0; i < 8; ++i) brokers.produce("K", "before", i % 4);
    kafka::KafkaTail tail(brokers.options(), support::Log::silent(), metrics);
    CHECK_FALSE(tail.health().ready);
    Followed seen;
    follow_until(tail, seen, [&] { return seen.begun == 1; });
    CHECK(tail.health().ready);
    for (int i = 0; i < 8; ++i) brokers.produce("K", std::to_string(i), i % 4);
    follow_until(tail, seen, [&] { return seen.values.size() >= 8; });
    std::sort(seen.values.begin(), seen.values.end());
    CHECK(seen.values == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7"});
    CHECK(seen.begun == 1);
}

TEST_CASE("the tail waits for brokers that are away, and goes on where it was") {
    MockBrokers brokers(2);
    support::Metrics metrics;
    auto options = brokers.options();
    options.request_timeout = milliseconds(500);
    kafka::KafkaTail tail(options, support::Log::silent(), metrics);
    Followed seen;
    follow_until(tail, seen, [&] { return seen.begun == 1; });
    brokers.down();
    follow_until(tail, seen, [&] { return !tail.health().ready; });
    CHECK_FALSE(tail.health().ready);
    CHECK(tail.health().reason == "the brokers are away");
    brokers.up();
    brokers.produce("K", "after", 1);
    follow_until(tail, seen, [&] { return !seen.values.empty(); });
    CHECK(seen.values == std::vector<std::string>{"after"});
    CHECK(tail.health().ready);
}

TEST_CASE("where the producer puts a key is known without asking it") {
    MockBrokers brokers(5);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    std::vector<OutboxEvent> events;
    for (std::int64_t i = 1; i <= 40; ++i) events.push_back(entry(i, "S" + std::to_string(i), 1));
    REQUIRE(publish(bus, events) == events.size());
    CHECK(bus.health().ready);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    read_until(source, seen, [&] { return seen.size() >= events.size(); });
    CHECK(seen.records.size() > 1);
    for (auto const& [partition, all] : seen.records)
        for (auto const& record : all)
            CHECK(kafka::partition_of(std::get<PriceEvent>(record.content).point.series.symbol.str(), 5) == partition);
}

TEST_CASE("brokers that come late, or come back, are noticed while there is nothing to publish") {
    MockBrokers brokers(1);
    brokers.down();
    support::Metrics metrics;
    auto options = brokers.options();
    options.request_timeout = milliseconds(300);
    kafka::KafkaPublisher bus(options, support::Log::silent(), metrics);
    auto const until = [&](bool ready) {
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (bus.health().ready != ready && std::chrono::steady_clock::now() < deadline) bus.delivered(milliseconds(20));
        return bus.health().ready == ready;
    };
    bus.delivered(milliseconds(0));
    CHECK_FALSE(bus.health().ready);
    brokers.up();
    CHECK(until(true));
    brokers.down();
    CHECK(until(false));
    brokers.up();
    CHECK(until(true));
}
