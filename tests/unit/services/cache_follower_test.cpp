#include "services/cache_follower.hpp"

#include "support/averaging_world.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include "codec/event_json.hpp"
#include "services/foreign_event.hpp"
#include "support/metrics.hpp"

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Series const apple = series_of("AAPL");

struct World {
    test::ManualClock clock;
    FakeAveragingStore store;
    FakeLog log;
    FakeSource events{log};
    LatestCache cache;
    support::Metrics metrics;
    std::vector<Series> asked;
    CacheFollower follower{
        events, store, [this](Series const& series) { return newest(series); }, cache, clock, support::Log::silent(), metrics};

    PricePoint add(Series const& series, int price) {
        return store.add(series, Price::from_units(Int128(price) * 1'000'000'000'000'000'000));
    }
    void run(int steps = 20) {
        for (int i = 0; i < steps; ++i) follower.step();
    }
    /// Seq in the cache, 0: none.
    std::int64_t cached(Series const& series) const {
        std::int64_t seq = 0;
        cache.visit(series.symbol.str(), series.provider, [&](CachedPrice const& entry) { seq = entry.seq(); });
        return seq;
    }
    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }

private:
    Result<std::optional<PricePoint>> newest(Series const& series) {
        asked.push_back(series);
        auto const& all = store.stored[series];
        return all.empty() ? std::nullopt : std::optional(all.back());
    }
};

RawRecord plain(int price) {
    RawRecord record;
    record.value = R"({"symbol":"aapl","price":)" + std::to_string(price) +
                   R"(,"timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"x"})";
    record.timestamp = UtcTime(seconds(1'710'930'600));
    return record;
}

/// What the consumer makes of the record at `offset`.
PricePoint stored_by_consumer(World& world, RawRecord const& record, std::int64_t offset) {
    auto const decoded = codec::decode_event(record.value, record.headers);
    auto const observed = observe(std::get<codec::ForeignEvent>(decoded), record, RecordPlace{"price-events", 0, offset});
    auto& all = world.store.stored[apple];
    auto const& quote = *observed.results.front().quote();
    all.emplace_back(quote.point_id, apple, static_cast<std::int64_t>(all.size()) + 1, quote.price, quote.timestamp,
                     observed.fetched_at, observed.raw_id);
    return all.back();
}

}  // namespace

TEST_CASE("where the events begin the store is read, and then each event counts if it is newer") {
    World world;
    world.events.next[0] = 0;
    world.add(apple, 1);
    world.add(apple, 2);
    world.run();
    CHECK(world.cached(apple) == 2);
    world.log.publish(world.store.stored[apple].front());  // committed before, read behind the store
    world.log.publish(world.add(apple, 3));
    world.run();
    CHECK(world.cached(apple) == 3);
    CHECK(world.counted("mds_cache_followed_total 1"));
    CHECK(world.counted("mds_cache_followed_known_total 1"));
    CHECK(world.follower.healthy());
}

TEST_CASE("an event as a broker carries it is understood, garbage passed over, another epoch's not believed") {
    World world;
    world.events.next[0] = 0;
    RawRecord encoded;
    auto const point = world.add(apple, 7);
    codec::append_event_value(encoded.value, point);
    encoded.headers = codec::event_headers(PriceEvent(point, 0));
    world.store.stored.clear();
    RawRecord garbage;
    garbage.value = "garbage";
    world.log.publish(garbage);
    world.log.publish(encoded);
    world.log.publish(point_of(apple, 99, point.price), 5);
    world.run();
    CHECK(world.cached(apple) == 1);
    CHECK(world.counted("mds_cache_followed_other_epoch_total 1"));
}

TEST_CASE("when the events begin anew the store is read again") {
    World world;
    world.run();
    world.add(apple, 1);
    world.run();
    CHECK(world.cached(apple) == 0);
    world.events.signals.push_back(PartitionsAssigned{{0, 1}});
    world.run();
    CHECK(world.cached(apple) == 1);
    CHECK(world.counted("mds_cache_loads_total 2"));
}

TEST_CASE("the point of a foreign event is asked for until a consumer has stored it") {
    World world;
    world.events.next[0] = 0;
    world.run();
    auto const record = plain(5);
    world.log.publish(record);
    world.run();
    CHECK(world.asked.empty());
    world.clock.advance(milliseconds(60));
    world.run();
    CHECK(world.asked.size() == 1);
    stored_by_consumer(world, record, 0);
    world.clock.advance(milliseconds(200));
    world.run();
    CHECK(world.cached(apple) == 1);
    world.clock.advance(seconds(30));
    world.run();
    CHECK(world.asked.size() == 2);
    CHECK(world.counted("mds_cache_foreign_not_found_total 0"));
}

TEST_CASE("an unceasing stream of foreign events does not put the look off") {
    World world;
    world.events.next[0] = 0;
    world.run();
    for (int i = 0; i < 10; ++i) {
        auto const record = plain(5 + i);
        world.log.publish(record);
        stored_by_consumer(world, record, i);
        world.run(3);
        world.clock.advance(milliseconds(30));
    }
    CHECK(world.cached(apple) >= 8);
}

TEST_CASE("a foreign event whose point never comes is given up and counted") {
    World world;
    world.events.next[0] = 0;
    world.run();
    world.log.publish(plain(5));
    for (int i = 0; i < 80; ++i) {
        world.clock.advance(seconds(1));
        world.run(3);
    }
    CHECK(world.asked.size() < 25);
    CHECK(world.counted("mds_cache_foreign_not_found_total 1"));
    auto const before = world.asked.size();
    world.clock.advance(seconds(100));
    world.run();
    CHECK(world.asked.size() == before);
}

TEST_CASE("a bus or a store that is away is waited for, with growing patience") {
    World world;
    bool away = true;
    world.events.fault = [&away] { return away; };
    CHECK(world.follower.step() == milliseconds(50));
    CHECK(world.follower.step() == milliseconds(100));
    CHECK_FALSE(world.follower.healthy());
    away = false;
    world.add(apple, 1);
    bool store_away = true;
    world.store.fault = [&store_away] { return store_away ? Fault::unavailable : Fault::none; };
    world.run(3);
    CHECK(world.cached(apple) == 0);
    CHECK_FALSE(world.follower.healthy());
    store_away = false;
    world.run(3);
    CHECK(world.cached(apple) == 1);
    CHECK(world.follower.healthy());
}
