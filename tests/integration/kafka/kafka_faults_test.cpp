#include "integration/kafka/mock_brokers.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <set>
#include <thread>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;

namespace {

std::vector<OutboxEvent> run_of(std::int64_t first, std::int64_t count) {
    std::vector<OutboxEvent> events;
    for (std::int64_t i = first; i < first + count; ++i) events.push_back(entry(i, "AAPL", i));
    return events;
}

/// Repeats of what was there already apart, the topic reads 1, 2, 3 ...
void check_order(MockBrokers& brokers, std::int64_t last) {
    support::Metrics metrics;
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    std::set<std::int64_t> known;
    read_until(source, seen, [&] {
        auto const seqs = seen.seqs("AAPL");
        return !seqs.empty() && *std::max_element(seqs.begin(), seqs.end()) >= last;
    });
    std::int64_t expected = 1;
    for (auto const seq : seen.seqs("AAPL")) {
        if (!known.insert(seq).second) continue;
        CHECK(seq == expected);
        ++expected;
    }
    CHECK(expected == last + 1);
}

}  // namespace

TEST_CASE("events wait while the broker is down, and arrive in order once it is up") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    REQUIRE(publish(bus, run_of(1, 50)) == 50);
    brokers.down();
    auto const events = run_of(51, 100);
    std::size_t const taken = bus.enqueue(events).value();
    CHECK(taken == 100);
    auto const away = bus.delivered(milliseconds(500));
    CHECK(away.delivered == 0);
    CHECK_FALSE(away.failure);
    brokers.up();
    CHECK(publish(bus, {}) == 0);
    std::size_t done = 0;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (done < 100 && std::chrono::steady_clock::now() < deadline) done += bus.delivered(milliseconds(50)).delivered;
    CHECK(done == 100);
    check_order(brokers, 150);
}

TEST_CASE("a start before the broker is there is no more than a wait") {
    MockBrokers brokers(1);
    brokers.down();
    support::Metrics metrics;
    auto options = brokers.options();
    options.request_timeout = milliseconds(200);
    kafka::KafkaPublisher bus(options, support::Log::silent(), metrics);
    auto const refused = bus.enqueue(run_of(1, 1));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::unavailable);
    kafka::KafkaSource source(options, support::Log::silent(), metrics);
    CHECK(source.poll(10, milliseconds(10)).has_error());
    brokers.up();
    CHECK(publish(bus, run_of(1, 10)) == 10);
    Seen seen;
    read_until(source, seen, [&] { return seen.size() >= 10; });
    CHECK(seen.size() == 10);
}

TEST_CASE("a leader that moves and answers that come late neither lose nor reorder") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    REQUIRE(publish(bus, run_of(1, 10)) == 10);
    brokers.refuse(produce_request, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                     RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
    CHECK(publish(bus, run_of(11, 500)) == 500);
    brokers.round_trip(milliseconds(300));
    CHECK(publish(bus, run_of(511, 500)) == 500);
    brokers.round_trip(milliseconds(0));
    check_order(brokers, 1010);
}

TEST_CASE("what a broker refuses for good ends the run, and the next begins behind what was delivered") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    REQUIRE(publish(bus, run_of(1, 10)) == 10);
    brokers.refuse(produce_request, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
    REQUIRE(bus.enqueue(run_of(11, 20)).value() > 0);  // fewer than 20 where the refusal of the first comes before the last
    DeliveryReport report;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::size_t delivered = 0;
    while (!report.failure && std::chrono::steady_clock::now() < deadline) {
        report = bus.delivered(milliseconds(50));
        delivered += report.delivered;
    }
    REQUIRE(report.failure);
    CHECK(delivered == 0);
    CHECK(publish(bus, run_of(11, 20)) == 20);
    check_order(brokers, 30);
}

TEST_CASE("a full queue is told by how much it took") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    auto options = brokers.options();
    options.properties["queue.buffering.max.messages"] = "20";
    kafka::KafkaPublisher bus(options, support::Log::silent(), metrics);
    REQUIRE(publish(bus, run_of(1, 1)) == 1);
    brokers.round_trip(milliseconds(1000));
    auto const events = run_of(2, 100);
    CHECK(bus.enqueue(events).value() == 20);
    brokers.round_trip(milliseconds(0));
    CHECK(bus.enqueue({}).value() == 0);
    std::size_t done = 0;
    while (done < 20) done += bus.delivered(milliseconds(50)).delivered;
    CHECK(publish(bus, run_of(22, 80)) == 80);
    check_order(brokers, 101);
}

TEST_CASE("a wait for reports ends where it is interrupted, also where that came before it") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    kafka::KafkaPublisher bus(brokers.options(), support::Log::silent(), metrics);
    bus.interrupt();  // there is no client yet
    REQUIRE(publish(bus, run_of(1, 10)) == 10);
    brokers.round_trip(milliseconds(3000));
    REQUIRE(bus.enqueue(run_of(11, 1)).value() == 1);
    bus.interrupt();
    CHECK(bus.delivered(std::chrono::minutes(1)).delivered == 0);
    std::thread other([&bus] { bus.interrupt(); });
    CHECK(bus.delivered(std::chrono::minutes(1)).delivered == 0);
    other.join();
    brokers.round_trip(milliseconds(0));
    std::size_t done = 0;
    while (done < 1) done += bus.delivered(milliseconds(50)).delivered;
    CHECK(publish(bus, run_of(12, 10)) == 10);
    check_order(brokers, 21);
}

TEST_CASE("a topic that vanished is read from its beginning when it is there again, whatever the stored offsets say") {
    MockBrokers brokers(2);
    support::Metrics metrics;
    for (int i = 0; i < 6; ++i) brokers.produce("K", "value", i % 2);
    auto options = brokers.options();
    options.properties["topic.metadata.refresh.interval.ms"] = "50";
    options.properties["heartbeat.interval.ms"] = "100";
    kafka::KafkaSource source(options, support::Log::silent(), metrics);
    Seen seen;
    std::map<std::int32_t, std::int64_t> stored;
    auto const from_table = [&stored](std::int32_t partition) { return stored[partition]; };
    read_until(
        source, seen, [&] { return seen.size() >= 6; }, from_table);
    REQUIRE(seen.size() == 6);
    CHECK(seen.lost.empty());
    stored = {{0, 3}, {1, 3}};
    brokers.vanish(true);
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    read_until(
        source, seen, [&] { return std::chrono::steady_clock::now() > deadline; }, from_table);
    brokers.vanish(false);
    read_until(
        source, seen, [&] { return seen.size() >= 12; }, from_table);
    CHECK(seen.size() == 12);
    CHECK(seen.lost.size() >= 2);
    for (auto const& lost : seen.lost) CHECK(lost.available == 0);
}

TEST_CASE("what was told of partitions that are not ours any more is no failure") {
    MockBrokers brokers(8);
    support::Metrics metrics;
    for (int i = 0; i < 8; ++i) brokers.produce("K", "value", i);
    kafka::KafkaSource source(brokers.options(), support::Log::silent(), metrics);
    Seen seen;
    auto const beyond_the_end = [](std::int32_t) { return std::int64_t{100}; };
    read_until(
        source, seen, [&] { return !seen.lost.empty(); }, beyond_the_end);
    REQUIRE_FALSE(seen.lost.empty());
    std::this_thread::sleep_for(std::chrono::seconds(1));  // the other seven are told of, and nobody listens
    source.rejoin();
    bool assigned = false;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!assigned && std::chrono::steady_clock::now() < deadline) {
        auto const signal = source.poll(10, milliseconds(100));
        REQUIRE(signal.has_value());
        assigned = std::holds_alternative<PartitionsAssigned>(*signal);
    }
    CHECK(assigned);
}

TEST_CASE("a dead letter that is replayed is on the topic of events as it came") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    auto const options = brokers.options();
    kafka::KafkaPublisher bus(options, support::Log::silent(), metrics);
    DeadLetter letter;
    letter.topic = options.topic;
    letter.key = std::string("k\0", 2);
    letter.value = "\xff\xfe not json";
    letter.headers = {{"trace", std::string("\0\x01", 2)}, {"trace", ""}};
    letter.error_class = "not_json";
    std::vector<OutboxEvent> events{OutboxEvent(1, letter), entry(2, "AAPL", 1), OutboxEvent(3, letter)};
    events[2].replayed = true;
    CHECK(publish(bus, events) == 3);
    kafka::KafkaSource source(options, support::Log::silent(), metrics);
    Seen seen;
    read_until(source, seen, [&] { return seen.size() >= 2; });
    REQUIRE(seen.size() == 2);
    auto const& replayed = std::get<RawRecord>(seen.records.begin()->second.back().content);
    CHECK(replayed.key == letter.key);
    CHECK(replayed.value == letter.value);
    CHECK(replayed.headers == letter.headers);
}

TEST_CASE("a dead letter that is too large for its topic holds nothing up") {
    MockBrokers brokers(1);
    support::Metrics metrics;
    auto options = brokers.options();
    options.properties["message.max.bytes"] = "20000";
    kafka::KafkaPublisher bus(options, support::Log::silent(), metrics);
    DeadLetter letter;
    letter.topic = "price-events";
    letter.value = std::string(100'000, 'x');
    std::vector<OutboxEvent> events = run_of(1, 3);
    events.emplace_back(4, letter);
    letter.value = "garbage";
    events.emplace_back(5, letter);
    events.push_back(entry(6, "AAPL", 4));
    CHECK(publish(bus, events) == 6);
    check_order(brokers, 4);
    auto const counted = metrics.render();
    CHECK(counted.find("mds_kafka_dead_letters_too_large_total 1\n") != std::string::npos);
    CHECK(counted.find("mds_kafka_delivered_total 5\n") != std::string::npos);
}
