#include "support/catch.hpp"
#include "support/memory_outbox.hpp"
#include "support/relay_world.hpp"

#include "services/relay.hpp"
#include "support/metrics.hpp"

#include <memory>
#include <numeric>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

RelayOptions at_once() {
    RelayOptions options;
    options.look_every = milliseconds(0);
    options.move_every = milliseconds(0);
    options.max_batch = 4;
    return options;
}

RelayOptions now_and_then() {
    RelayOptions options = at_once();
    options.move_every = milliseconds(50);
    return options;
}

struct World {
    test::ManualClock clock;
    MemoryOutbox outbox;
    FakeRelayCursor cursor{clock};
    FakeTopic topic;
    FakePublisher bus{topic};
    support::Metrics metrics;
    Relay relay;

    explicit World(RelayOptions options = at_once())
        : relay(outbox, cursor, bus, clock, "one", support::Log::silent(), metrics, options) {}

    void commit(int count) {
        for (int i = 0; i < count; ++i) outbox.append(point_of(series_of("AAPL"), ++seq_, Price::from_units(1)));
    }
    void run(int steps = 50) {
        for (int i = 0; i < steps; ++i) relay.step();
    }
    std::vector<std::int64_t> positions() const {
        std::vector<std::int64_t> all;
        for (auto const& event : topic) all.push_back(event.position);
        return all;
    }
    static std::vector<std::int64_t> up_to(std::int64_t last) {
        std::vector<std::int64_t> all(static_cast<std::size_t>(last));
        std::iota(all.begin(), all.end(), 1);
        return all;
    }
    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }

private:
    std::int64_t seq_ = 0;
};

}  // namespace

TEST_CASE("what was committed is published in order, and the cursor follows") {
    World world;
    world.commit(10);
    world.run();
    CHECK(world.positions() == World::up_to(10));
    CHECK(world.cursor.held.next == 11);
    world.commit(3);
    world.run();
    CHECK(world.positions() == World::up_to(13));
    CHECK(world.cursor.held.next == 14);
    CHECK(world.relay.healthy());
    CHECK(world.counted("mds_relay_published_total 13"));
    CHECK(world.counted("mds_relay_repeated_total 0"));
}

TEST_CASE("a full bus is asked again and nothing is lost") {
    World world;
    world.bus.room = 3;
    world.commit(20);
    world.run(200);
    CHECK(world.positions() == World::up_to(20));
    CHECK(world.cursor.held.next == 21);
}

TEST_CASE("the cursor does not move over what was not acknowledged") {
    World world;
    world.bus.arriving = [] { return std::size_t{0}; };
    world.commit(10);
    world.run();
    CHECK(world.cursor.held.next == 1);
    CHECK(world.relay.healthy());
    world.clock.advance(seconds(5));
    world.run(2);
    CHECK_FALSE(world.relay.healthy());
    world.bus.arriving = [] { return std::size_t{1000}; };
    world.run();
    CHECK(world.positions() == World::up_to(10));
    CHECK(world.relay.healthy());
}

TEST_CASE("the cursor moves now and then, not with every acknowledgement, and at once where a batch of them waits") {
    World world(now_and_then());
    world.clock.advance(seconds(1));
    world.commit(2);
    world.run();
    CHECK(world.positions() == World::up_to(2));
    CHECK(world.cursor.held.next == 1);
    world.clock.advance(milliseconds(50));
    world.run(1);
    CHECK(world.cursor.held.next == 3);
    world.commit(1);
    world.run();
    CHECK(world.cursor.held.next == 3);
    world.commit(3);
    world.run();
    CHECK(world.cursor.held.next == 7);
    world.commit(1);
    world.run();
    world.relay.release();
    CHECK(world.cursor.held.next == 8);
}

TEST_CASE("a commit wakes a relay that waits for acknowledgements") {
    World world;
    std::vector<PricePoint> const points{point_of(series_of("AAPL"), 1, Price::from_units(1))};
    world.relay.committed(points);
    CHECK(world.bus.interrupts == 1);
    world.relay.interrupt();
    CHECK(world.bus.interrupts == 2);
}

TEST_CASE("after a delivery error it begins again behind the last acknowledged event, and counts what it repeats") {
    World world;
    world.commit(4);
    bool first = true;
    world.bus.fails = [&first] { return std::exchange(first, false); };
    world.run();
    CHECK(world.positions() == std::vector<std::int64_t>{1, 2, 3, 4, 3, 4});
    CHECK(world.cursor.held.next == 5);
    CHECK(world.counted("mds_relay_repeated_total 2"));
    CHECK(world.counted("mds_relay_delivery_failures_total 1"));
}

TEST_CASE("a bus that is away is waited for, with growing patience") {
    World world;
    world.commit(2);
    world.bus.away = true;
    world.relay.step();
    auto const first = world.relay.step();
    auto const second = world.relay.step();
    CHECK(first == milliseconds(50));
    CHECK(second == milliseconds(100));
    CHECK_FALSE(world.relay.healthy());
    world.bus.away = false;
    world.run();
    CHECK(world.positions() == World::up_to(2));
    CHECK(world.relay.healthy());
}

TEST_CASE("a store that is away does not make events under way come twice") {
    World world;
    world.commit(4);
    world.relay.step();
    world.bus.arriving = [] { return std::size_t{0}; };
    world.relay.step();
    world.outbox.away = true;
    world.run(5);
    world.outbox.away = false;
    world.bus.arriving = [] { return std::size_t{1000}; };
    world.run();
    CHECK(world.positions() == World::up_to(4));
}

TEST_CASE("one relay works at a time, and another goes on where the first stopped") {
    World world;
    FakePublisher other_bus(world.topic);
    Relay other(world.outbox, world.cursor, other_bus, world.clock, "two", support::Log::silent(), world.metrics, at_once());
    world.commit(5);
    world.run();
    CHECK(other.step() > milliseconds(0));
    CHECK(other.healthy());
    world.relay.release();
    for (int i = 0; i < 5; ++i) other.step();
    world.commit(5);
    for (int i = 0; i < 20; ++i) other.step();
    CHECK(world.positions() == World::up_to(10));
    CHECK(world.cursor.held.next == 11);
}

TEST_CASE("what is under way when a relay is stopped is waited for, and not published twice") {
    World world;
    FakePublisher other_bus(world.topic);
    Relay other(world.outbox, world.cursor, other_bus, world.clock, "two", support::Log::silent(), world.metrics, at_once());
    world.bus.arriving = [] { return std::size_t{0}; };
    world.commit(10);
    world.run(5);
    CHECK(world.positions().empty());
    world.bus.arriving = [] { return std::size_t{1}; };
    world.relay.release();
    CHECK(world.cursor.held.next == 11);
    for (int i = 0; i < 10; ++i) other.step();
    CHECK(world.positions() == World::up_to(10));
}

TEST_CASE("a relay that slept through its lease can only repeat, not move the cursor") {
    World world;
    FakePublisher other_bus(world.topic);
    Relay other(world.outbox, world.cursor, other_bus, world.clock, "two", support::Log::silent(), world.metrics, at_once());
    world.commit(3);
    world.bus.arriving = [] { return std::size_t{0}; };
    world.run(5);
    world.clock.advance(seconds(16));
    for (int i = 0; i < 20; ++i) other.step();
    CHECK(world.cursor.held.next == 4);
    world.bus.arriving = [] { return std::size_t{1000}; };
    world.run(5);
    CHECK(world.positions() == std::vector<std::int64_t>{1, 2, 3, 1, 2, 3});
    CHECK(world.cursor.held.next == 4);
    CHECK(world.cursor.owner == "two");
}

TEST_CASE("an idle relay renews its lease") {
    World world;
    world.run();
    for (int i = 0; i < 10; ++i) {
        world.clock.advance(seconds(6));
        world.run(2);
        CHECK(world.clock.steady_now() < world.cursor.expires);
    }
    CHECK(world.cursor.held.term == 1);
}

TEST_CASE("entries that are gone from the outbox are counted and passed over") {
    World world;
    world.commit(6);
    world.outbox.first = 5;
    world.run();
    CHECK(world.counted("mds_relay_pruned_total 6"));
    world.commit(2);
    world.run();
    CHECK(world.positions() == std::vector<std::int64_t>{7, 8});
}
