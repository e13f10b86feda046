#include "support/averaging_world.hpp"
#include "support/catch.hpp"

#include "codec/event_json.hpp"
#include "services/averaging.hpp"
#include "support/metrics.hpp"

#include <memory>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;

namespace {

struct World {
    FakeAveragingStore store;
    FakeLog log;
    FakeSource source{log};
    support::Metrics metrics;
    AveragingOptions options;
    std::unique_ptr<Averaging> averaging;

    World() { restart(); }

    void restart() {
        source.next.clear();
        source.signals.assign(1, PartitionsAssigned{{0}});
        averaging = std::make_unique<Averaging>(source, store, store, store, support::Log::silent(), metrics, options);
    }
    PricePoint add(Series const& series, int price) {
        return store.add(series, Price::from_units(Int128(price) * 1'000'000'000'000'000'000));
    }
    void add_and_publish(Series const& series, int count) {
        for (int i = 0; i < count; ++i) log.publish(add(series, 100 + static_cast<int>(store.stored[series].size())));
    }
    /// Until everything in the log is reflected.
    void run() {
        for (int i = 0; i < 1000; ++i) averaging->step();
        REQUIRE(store.offsets[0].next == log.end());
    }
    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }
    std::string average(Series const& series, std::int64_t seq) const {
        auto const found = store.averages.find({series, seq});
        return found == store.averages.end() ? "none" : found->second.value.to_string();
    }
};

Series const apple = series_of("AAPL");
Series const tesla = series_of("TSLA");

}  // namespace

TEST_CASE("the fifth point of a series and each one behind it have an average of five") {
    World world;
    for (int const price : {1, 2, 3, 4, 6, 10}) world.log.publish(world.add(apple, price));
    world.add_and_publish(tesla, 4);
    world.run();
    CHECK(world.store.averages.size() == 2);
    CHECK(world.average(apple, 5) == "3.2");
    CHECK(world.average(apple, 6) == "5");
    auto const& row = world.store.averages.at({apple, 6});
    CHECK(row.timestamp == world.store.stored[apple][5].timestamp);
    CHECK(row.fetched_at == world.store.stored[apple][5].fetched_at);
}

TEST_CASE("averages of different providers are never mixed") {
    World world;
    Series const other = series_of("AAPL", "finnhub");
    for (int i = 0; i < 5; ++i) {
        world.log.publish(world.add(apple, 100));
        world.log.publish(world.add(other, 200));
    }
    world.run();
    CHECK(world.average(apple, 5) == "100");
    CHECK(world.average(other, 5) == "200");
}

TEST_CASE("events that come twice are dropped and counted") {
    World world;
    world.add_and_publish(apple, 6);
    auto const again = world.log.records;
    for (auto const& record : again) world.log.publish(std::get<PriceEvent>(record.content).point);
    world.run();
    CHECK(world.store.averages.size() == 2);
    CHECK(world.counted("mds_averaging_events_total{result=\"folded\"} 6"));
    CHECK(world.counted("mds_averaging_events_total{result=\"duplicate\"} 6"));
}

TEST_CASE("records below the stored offset are dropped without moving it back") {
    World world;
    world.add_and_publish(apple, 6);
    world.run();
    world.source.next[0] = 0;
    world.run();
    CHECK(world.counted("mds_averaging_events_total{result=\"duplicate\"} 6"));
    CHECK_FALSE(world.store.offset_went_back);
}

TEST_CASE("a hole is mended from the store and counted") {
    World world;
    for (int i = 0; i < 20; ++i) {
        auto const point = world.add(apple, 100 + i);
        if (i < 6 || i == 19) world.log.publish(point);
    }
    world.run();
    CHECK(world.store.averages.size() == 16);
    CHECK(world.average(apple, 20) == "117");
    CHECK(world.counted("mds_averaging_repaired_total 13"));
}

TEST_CASE("a hole larger than a batch is mended in several transactions") {
    World world;
    world.options.max_batch = 100;
    world.restart();
    for (int i = 0; i < 2499; ++i) world.add(apple, 1 + i);
    world.add_and_publish(apple, 1);
    world.run();
    CHECK(world.store.averages.size() == 2496);
    CHECK(world.store.commits == 25);
}

TEST_CASE("an event whose predecessors are not stored is no event of this store") {
    World world;
    world.log.publish(point_of(apple, 9, Price::from_units(1)));
    world.add_and_publish(tesla, 5);
    world.run();
    CHECK(world.store.averages.size() == 1);
    CHECK(world.counted("mds_averaging_events_total{result=\"not_stored\"} 1"));
}

TEST_CASE("events of another store epoch are skipped and counted") {
    World world;
    world.options.store_epoch = 2;
    world.restart();
    for (int i = 0; i < 6; ++i) world.log.publish(world.add(apple, 7), i == 3 ? 1 : 2);
    world.run();
    CHECK(world.store.averages.size() == 2);
    CHECK(world.counted("mds_averaging_events_total{result=\"other_epoch\"} 1"));
}

TEST_CASE("a restart goes on from the stored offset with windows read from the store") {
    World world;
    for (int i = 0; i < 12; ++i) {
        world.add_and_publish(apple, 1);
        world.restart();
        world.run();
    }
    CHECK(world.store.averages.size() == 8);
    CHECK(world.average(apple, 12) == "109");
    CHECK(world.counted("mds_averaging_repaired_total 0"));
}

TEST_CASE("while the store is away the same batch is tried again, ever more slowly") {
    World world;
    world.add_and_publish(apple, 5);
    CHECK(world.averaging->step() == milliseconds(0));
    CHECK(world.averaging->step() == milliseconds(0));
    CHECK(world.averaging->healthy());
    world.store.fault = [] { return Fault::unavailable; };
    CHECK(world.averaging->step() == milliseconds(0));
    for (int const expected : {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000})
        CHECK(world.averaging->step() == milliseconds(expected));
    CHECK_FALSE(world.averaging->healthy());
    world.store.fault = [] { return Fault::none; };
    world.run();
    CHECK(world.averaging->healthy());
    CHECK(world.store.averages.size() == 1);
}

TEST_CASE("a commit whose outcome is not known is settled by the offset") {
    World world;
    world.add_and_publish(apple, 8);
    bool once = true;
    world.store.fault = [&] {
        return world.store.reads > 1 && std::exchange(once, false) ? Fault::applied_but_unknown : Fault::none;
    };
    world.run();
    CHECK(world.store.averages.size() == 4);
    CHECK(world.store.refused + (once ? 1 : 0) <= 1);
    CHECK(world.source.rejoins == 0);  // it was our own commit that moved the offset
}

TEST_CASE("a fenced commit gives the partition up, and only the bus gives it back") {
    World world;
    world.add_and_publish(apple, 5);
    for (int i = 0; i < 3; ++i) world.averaging->step();
    ++world.store.offsets[0].epoch;
    auto const owner = world.store.offsets[0].epoch;
    world.source.has_a_share = false;
    for (int i = 0; i < 100; ++i) world.averaging->step();
    CHECK(world.store.refused == 1);
    CHECK(world.source.rejoins == 1);
    CHECK(world.store.offsets[0].epoch == owner);  // the rightful owner is not disturbed
    CHECK(world.store.averages.empty());
    CHECK(world.averaging->healthy());
    world.source.signals.push_back(PartitionsAssigned{{0}});
    world.run();
    CHECK(world.store.averages.size() == 1);
    CHECK(world.counted("mds_averaging_refused_commits_total 1"));
    CHECK(world.counted("mds_averaging_claims_total 2"));
}

TEST_CASE("a revoked partition is forgotten") {
    World world;
    world.add_and_publish(apple, 5);
    world.run();
    world.source.signals.push_back(PartitionsRevoked{{0}});
    world.averaging->step();
    world.add_and_publish(apple, 1);
    for (int i = 0; i < 10; ++i) world.averaging->step();
    CHECK(world.store.averages.size() == 1);
    CHECK(world.counted("mds_averaging_events_total{result=\"not_assigned\"} 1"));
    world.restart();
    world.run();
    CHECK(world.store.averages.size() == 2);
}

TEST_CASE("lost records raise an alarm, and every series is mended from the store") {
    World world;
    world.add_and_publish(apple, 3);
    world.run();
    world.add_and_publish(apple, 7);
    world.add_and_publish(tesla, 6);
    world.log.first = world.log.end();
    world.run();
    CHECK(world.store.averages.size() == 8);
    CHECK(world.counted("mds_averaging_records_lost_total 1"));
    world.add_and_publish(tesla, 1);
    world.run();
    CHECK(world.store.averages.size() == 9);
}

TEST_CASE("a loss mends the series of its partition, and leaves the others to who has theirs") {
    World world;
    world.add_and_publish(apple, 3);
    world.run();
    world.add_and_publish(apple, 7);
    world.add_and_publish(tesla, 6);
    world.log.first = world.log.end();
    world.source.in_partition = [](std::int32_t, std::string_view key) { return key == "AAPL"; };
    world.run();
    CHECK(world.store.averages.size() == 6);
    CHECK_FALSE(world.store.averages.contains({tesla, 5}));
}

TEST_CASE("a foreign event that the store refuses for good is a dead letter, and those around it are not") {
    World world;
    auto const plain = [](int price) {
        RawRecord record;
        record.key = "AAPL";
        record.value = R"({"symbol":"aapl","price":)" + std::to_string(price) +
                       R"(,"timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"x"})";
        record.timestamp = UtcTime(std::chrono::seconds(1'710'930'600 + price));
        return record;
    };
    world.add_and_publish(tesla, 5);
    for (int price = 1; price <= 7; ++price) world.log.publish(plain(price));
    world.add_and_publish(tesla, 2);
    world.store.refuses = [](Observation const& event) { return event.answer->body.find(":3,") != std::string::npos; };
    world.run();
    CHECK(world.store.stored[apple].size() == 6);
    CHECK(world.average(apple, 6) == "4.8");  // of 2, 4, 5, 6 and 7
    CHECK(world.store.averages.contains({tesla, 7}));
    REQUIRE(world.store.dead_letters.size() == 1);
    auto const& letter = world.store.dead_letters.begin()->second;
    CHECK(letter.value == plain(3).value);
    CHECK(letter.error_class == "refused");
    CHECK_FALSE(world.store.offset_went_back);
}

TEST_CASE("a record that cannot be read is kept byte for byte and delays nothing") {
    World world;
    RawRecord poison;
    poison.key = std::string("k\0\xff", 3);
    poison.value = std::string("{\"symbol\":\0", 11);
    poison.headers = {{"trace", "1"}, {"trace", "2"}};
    poison.timestamp = UtcTime(std::chrono::seconds(5));
    world.add_and_publish(apple, 4);
    world.log.publish(poison);
    auto const last = world.add(apple, 1);
    RawRecord encoded;
    codec::append_event_value(encoded.value, last);
    encoded.headers = codec::event_headers(PriceEvent(last, 0));
    world.log.publish(encoded);
    world.run();
    CHECK(world.store.averages.size() == 1);
    REQUIRE(world.store.dead_letters.size() == 1);
    auto const& letter = world.store.dead_letters.at({0, 4});
    CHECK(letter.topic == "price-events");
    CHECK(letter.offset == 4);
    CHECK(letter.key == poison.key);
    CHECK(letter.value == poison.value);
    CHECK(letter.headers == poison.headers);
    CHECK(letter.error_class == "not_json");
    CHECK_FALSE(letter.error.empty());
    CHECK(letter.received_at == poison.timestamp);
}

TEST_CASE("another program's event becomes a point of its series, and our events behind it fold on") {
    World world;
    world.add_and_publish(apple, 4);
    RawRecord plain;
    plain.value = R"({"symbol":"aapl","price":"200","timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"x"})";
    plain.timestamp = UtcTime(std::chrono::seconds(1'710'930'600));
    world.log.publish(plain);
    world.run();
    CHECK(world.average(apple, 5) == "121.2");
    REQUIRE(world.store.raw_rows.size() == 1);
    auto const& row = world.store.raw_rows.begin()->second;
    CHECK(row.answer->body == plain.value);
    CHECK_FALSE(row.answer->http_status);
    CHECK(row.fetched_at == plain.timestamp);
    CHECK(world.store.dead_letters.empty());
    world.add_and_publish(apple, 1);
    world.run();
    CHECK(world.store.averages.contains({apple, 6}));
    CHECK(world.counted("mds_averaging_events_total{result=\"foreign\"} 1"));
}
