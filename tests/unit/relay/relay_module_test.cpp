#include "modules/relay/relay_module.hpp"

#include "support/catch.hpp"
#include "support/memory_outbox.hpp"
#include "support/metrics.hpp"
#include "support/relay_world.hpp"

#include <chrono>
#include <thread>

using namespace mds;
using namespace mds::testing;

namespace {

struct NothingToPrune final : OutboxPruner, RawRetention {
    Result<std::size_t> prune(UtcTime, std::size_t) override { return std::size_t{0}; }
    Result<std::size_t> prune_raw(UtcTime, std::size_t) override { return std::size_t{0}; }
};

struct World {
    test::ManualClock clock;
    MemoryOutbox outbox;
    FakeRelayCursor cursor{clock};
    FakeTopic topic;
    FakePublisher bus{topic};
    support::Metrics metrics;
    NothingToPrune tables;
    Retention retention{tables, tables, clock, support::Log::silent(), metrics};
    Relay relay{outbox, cursor, bus, clock, "one", support::Log::silent(), metrics};

    bool published(double count) {
        auto const line = "mds_relay_published_total " + std::to_string(static_cast<int>(count)) + "\n";
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (metrics.render().find(line) == std::string::npos && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return metrics.render().find(line) != std::string::npos;
    }
};

SteadyTime soon() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

}  // namespace

TEST_CASE("the relay module publishes what is committed, and gives the cursor back when it is stopped") {
    World world;
    relay::RelayModule module(world.retention, &world.relay);
    CHECK_FALSE(module.health().ready);
    module.start();
    auto const point = point_of(series_of("AAPL"), 1, Price::from_units(1));
    world.outbox.append(point);
    world.relay.committed({&point, 1});
    CHECK(world.published(1));
    CHECK(module.health().ready);
    module.interrupt();
    module.interrupt();
    REQUIRE(module.drain(soon()));
    CHECK_FALSE(module.health().ready);
    CHECK(world.cursor.held.next == 2);
    CHECK(world.cursor.expires <= world.clock.steady_now());
}

TEST_CASE("with the embedded bus the relay module only keeps the tables short") {
    World world;
    relay::RelayModule module(world.retention, nullptr);
    module.start();
    CHECK(module.health().ready);
    module.interrupt();
    CHECK(module.drain(soon()));
    CHECK(world.cursor.held.term == 0);
}
