#include "integration/kafka/mock_brokers.hpp"
#include "support/catch.hpp"

#include "codec/event_json.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

using namespace mds;
using namespace mds::testing;

namespace {

std::vector<std::int64_t> up_to(std::int64_t last) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(last));
    std::iota(all.begin(), all.end(), 1);
    return all;
}

/// What the constructor says; empty where it is content.
std::string value_of(PriceEvent const& event) {
    std::string value;
    codec::append_event_value(value, event.point);
    return value;
}

template <class Make>
std::string refusal(Make make) {
    try {
        make();
        return {};
    } catch (std::runtime_error const& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("events arrive as they were sent, each series in its order") {
    MockBrokers brokers;
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    std::vector<OutboxEvent> events;
    for (std::int64_t seq = 1; seq <= 300; ++seq) {
        for (auto const* const symbol : {"AAPL", "MSFT", "TSLA", "IBM"})
            events.push_back(entry(static_cast<std::int64_t>(events.size()) + 1, symbol, seq));
    }
    REQUIRE(publish(bus, events) == events.size());

    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    read_until(source, seen, [&] { return seen.size() >= events.size(); });
    CHECK(seen.size() == events.size());
    CHECK(seen.lost.empty());
    for (auto const* const symbol : {"AAPL", "MSFT", "TSLA", "IBM"}) CHECK(seen.seqs(symbol) == up_to(300));
    for (auto const& [partition, all] : seen.records) {
        for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].offset == static_cast<std::int64_t>(i));
    }
    auto const& came = std::get<PriceEvent>(seen.records.begin()->second.front().content);
    auto const& sent = *events.at(static_cast<std::size_t>(came.point.id.bytes[15]) - 1).price();
    CHECK(codec::event_headers(came) == codec::event_headers(sent));
    CHECK(value_of(came) == value_of(sent));
}

TEST_CASE("what is no event of ours arrives byte for byte, between events") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    auto const own = entry(1, "AAPL", 1);
    std::string const foreign = value_of(*own.price());
    REQUIRE(publish(bus, {own}) == 1);
    brokers.produce("a key", foreign, 0);
    brokers.produce(std::string("k\0", 2), std::string("\xff\0", 2), 0);
    REQUIRE(publish(bus, {entry(2, "AAPL", 2)}) == 1);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    read_until(source, seen, [&] { return seen.size() >= 4; });
    REQUIRE(seen.size() == 4);
    CHECK(seen.seqs("AAPL") == up_to(2));
    auto const& other = std::get<RawRecord>(seen.records[0][1].content);
    CHECK(other.key == "a key");
    CHECK(other.value == foreign);
    CHECK(other.headers.empty());
    CHECK(other.timestamp > UtcTime{});
    auto const& unreadable = std::get<RawRecord>(seen.records[0][2].content);
    CHECK(unreadable.key == std::string("k\0", 2));
    CHECK(unreadable.value == std::string("\xff\0", 2));
}

TEST_CASE("a consumer reads on from the offset that it is given, and again from a lower one") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    for (int i = 0; i < 10; ++i) brokers.produce("K", "value " + std::to_string(i), 0);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen first;
    read_until(
        source, first, [&] { return first.size() >= 4; }, [](std::int32_t) { return std::int64_t{6}; });
    REQUIRE(first.records[0].size() == 4);
    CHECK(first.records[0].front().offset == 6);
    source.start(0, 2);
    Seen again;
    read_until(source, again, [&] { return again.size() >= 8; });
    REQUIRE(again.records[0].size() == 8);
    CHECK(again.records[0].front().offset == 2);
    CHECK(std::get<RawRecord>(again.records[0].front().content).value == "value 2");
}

TEST_CASE("what came of several partitions meanwhile is read at once, each named once, and no more than was asked for") {
    MockBrokers brokers(4);
    support::Metrics metrics;
    for (int i = 0; i < 40; ++i) brokers.produce("K", "value", i % 4);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    std::map<std::int32_t, std::int64_t> next;
    std::size_t most_runs = 0;
    std::int64_t total = 0;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (total < 40 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // something may come meanwhile
        auto const signal = source.poll(25, std::chrono::milliseconds(100));
        REQUIRE(signal.has_value());
        if (auto const* const assigned = std::get_if<PartitionsAssigned>(&*signal))
            for (auto const partition : assigned->partitions) source.start(partition, 0);
        auto const* const read = std::get_if<RecordsRead>(&*signal);
        if (read == nullptr) continue;
        std::set<std::int32_t> named;
        std::size_t count = 0;
        for (auto const& run : read->runs) {
            CHECK(named.insert(run.partition).second);
            REQUIRE_FALSE(run.records.empty());
            for (auto const& record : run.records) CHECK(record.offset == next[run.partition]++);
            count += run.records.size();
        }
        CHECK(count <= 25);
        total += static_cast<std::int64_t>(count);
        most_runs = std::max(most_runs, read->runs.size());
    }
    CHECK(total == 40);
    CHECK(most_runs > 1);
}

TEST_CASE("an offset that the topic does not have is a loss, with the first that there is") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    for (int i = 0; i < 3; ++i) brokers.produce("K", "value", 0);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    read_until(
        source, seen, [&] { return seen.size() >= 3; }, [](std::int32_t) { return std::int64_t{1000}; });
    REQUIRE(seen.lost.size() == 1);
    CHECK(seen.lost.front().partition == 0);
    CHECK(seen.lost.front().wanted == 1000);
    CHECK(seen.lost.front().available == 0);
    CHECK(seen.records[0].size() == 3);
}

TEST_CASE("records that the broker deleted before they were read are a loss") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    std::string const large(100'000, 'x');
    for (int i = 0; i < 80; ++i) brokers.produce("K", large, 0);  // the mock cluster keeps 5 MiB of a partition
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    read_until(source, seen, [&] { return !seen.records[0].empty() && seen.records[0].back().offset == 79; });
    REQUIRE(seen.lost.size() == 1);
    CHECK(seen.lost.front().wanted == 0);
    CHECK(seen.lost.front().available > 0);
    CHECK(seen.records[0].front().offset == seen.lost.front().available);
    CHECK(seen.records[0].size() == static_cast<std::size_t>(80 - seen.lost.front().available));
}

TEST_CASE("a second member of the group takes partitions over, and gives them back") {
    MockBrokers brokers(4);
    support::Metrics metrics;
    kafka::KafkaSource first(brokers.options(), support::Log::silent(), metrics);
    std::set<std::int32_t> of_first;
    auto const follow = [](EventSource& source, std::set<std::int32_t>& mine) {
        auto const signal = source.poll(10, std::chrono::milliseconds(50));
        if (!signal) return;
        if (auto const* const assigned = std::get_if<PartitionsAssigned>(&*signal)) {
            for (auto const partition : assigned->partitions) {
                mine.insert(partition);
                source.start(partition, 0);
            }
        }
        if (auto const* const revoked = std::get_if<PartitionsRevoked>(&*signal)) {
            for (auto const partition : revoked->partitions) mine.erase(partition);
        }
    };
    auto const until = [](auto const& step, auto const& done) {
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!done() && std::chrono::steady_clock::now() < deadline) step();
        return done();
    };
    REQUIRE(until([&] { follow(first, of_first); }, [&] { return of_first.size() == 4; }));
    {
        kafka::KafkaSource second(brokers.options(), support::Log::silent(), metrics);
        std::set<std::int32_t> of_second;
        REQUIRE(until([&] { follow(first, of_first), follow(second, of_second); },
                      [&] { return of_first.size() == 2 && of_second.size() == 2; }));
        for (auto const partition : of_second) CHECK_FALSE(of_first.contains(partition));
    }
    CHECK(until([&] { follow(first, of_first); }, [&] { return of_first.size() == 4; }));
}

TEST_CASE("properties reach librdkafka, and those that keep events safe cannot be changed") {
    support::Metrics metrics;
    kafka::Options options;
    options.brokers = "127.0.0.1:9";
    options.properties = {{"compression.type", "lz4"}, {"linger.ms", "7"}};
    CHECK(refusal([&] { kafka::KafkaPublisher bus(options, support::Log::silent(), metrics); }).empty());
    options.properties = {{"no.such.property", "1"}};
    CHECK(refusal([&] { kafka::KafkaPublisher bus(options, support::Log::silent(), metrics); }).find("no.such.property") !=
          std::string::npos);
    options.properties = {{"enable.idempotence", "false"}};
    CHECK(refusal([&] { kafka::KafkaPublisher bus(options, support::Log::silent(), metrics); }).find("enable.idempotence") !=
          std::string::npos);
    options.properties = {{"auto.offset.reset", "latest"}};
    CHECK(refusal([&] { kafka::KafkaSource source(options, support::Log::silent(), metrics); }).find("auto.offset.reset") !=
          std::string::npos);
}

TEST_CASE("a log-in that this librdkafka is known to fail with is warned of") {
    kafka::Options options;
    CHECK(kafka::warnings(options).empty());
    options.properties["sasl.mechanisms"] = "PLAIN";
    CHECK(kafka::warnings(options).empty());
    options.properties["sasl.mechanisms"] = "SCRAM-SHA-512";
    CHECK(kafka::warnings(options).size() == (rd_kafka_version() < 0x020601ff ? 1u : 0u));
}
