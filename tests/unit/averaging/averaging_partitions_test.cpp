// One consumer with several partitions: what it read of them together is one transaction, and what hits one of them leaves the
// others whole.
#include "support/averaging_world.hpp"
#include "support/catch.hpp"

#include "services/averaging.hpp"
#include "support/metrics.hpp"

#include <array>
#include <memory>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;

namespace {

/// A series in each of three partitions.
struct World {
    FakeAveragingStore store;
    std::array<FakeLog, 3> logs;
    FakeSource source{{&logs[0], &logs[1], &logs[2]}};
    support::Metrics metrics;
    AveragingOptions options;
    std::array<Series, 3> series{series_of("AAPL"), series_of("MSFT"), series_of("TSLA")};
    std::unique_ptr<Averaging> averaging;

    World() { restart(); }

    /// After a kill: another process, from what the tables say.
    void restart() {
        source.next.clear();
        source.signals.assign(1, PartitionsAssigned{source.all()});
        averaging = std::make_unique<Averaging>(source, store, store, store, support::Log::silent(), metrics, options);
    }
    /// Points 1 ... `count` of each series, each with its price in units of its partition.
    void publish(int count) {
        for (std::size_t i = 0; i < series.size(); ++i) {
            for (int n = 0; n < count; ++n)
                logs[i].publish(store.add(series[i], Price::from_units(static_cast<std::int64_t>(i) + 1)));
        }
    }
    void steps(int count) {
        for (int i = 0; i < count; ++i) averaging->step();
    }
    /// The partitions are ours, and what they hold was read and not written: the next step writes.
    void take_and_read() { steps(5); }
    /// Until everything of every partition is reflected, exactly once.
    void finish() {
        steps(1000);
        for (std::size_t i = 0; i < logs.size(); ++i) {
            CHECK(store.offsets[static_cast<std::int32_t>(i)].next == logs[i].end());
            CHECK(averages(i) == store.stored[series[i]].size() - 4);
        }
        CHECK_FALSE(store.offset_went_back);
    }
    std::size_t averages(std::size_t i) const {
        auto const of_it = [&](auto const& entry) { return entry.first.first == series[i]; };
        return static_cast<std::size_t>(std::ranges::count_if(store.averages, of_it));
    }
    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }
};

RawRecord poison() {
    RawRecord record;
    record.key = "k";
    record.value = "{no json";
    return record;
}

RawRecord foreign(std::string const& symbol, int price) {
    RawRecord record;
    record.value = R"({"symbol":")" + symbol + R"(","price":)" + std::to_string(price) +
                   R"(,"timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"x"})";
    record.timestamp = UtcTime(std::chrono::seconds(1'710'930'600 + price));
    return record;
}

}  // namespace

TEST_CASE("what came of several partitions is written in one transaction") {
    World world;
    world.publish(6);
    world.finish();
    CHECK(world.store.commits == 1);
    CHECK(world.counted("mds_averaging_commits_total 1"));
    CHECK(world.counted("mds_averaging_series 3"));
    world.publish(1);
    world.finish();
    CHECK(world.store.commits == 2);
    CHECK(world.counted("mds_averaging_split_commits_total 0"));
}

TEST_CASE("a partition that another consumer took is dropped, and the others are written all the same") {
    World world;
    world.publish(6);
    world.take_and_read();
    auto const owner = ++world.store.offsets[1].epoch;
    world.source.has_a_share = false;
    world.steps(20);
    CHECK(world.averages(0) == 2);
    CHECK(world.averages(1) == 0);
    CHECK(world.averages(2) == 2);
    CHECK(world.store.offsets[1].epoch == owner);  // the rightful owner is not disturbed
    CHECK(world.source.rejoins == 1);
    CHECK(world.averaging->healthy());
    CHECK(world.counted("mds_averaging_split_commits_total 1"));
    CHECK(world.counted("mds_averaging_refused_commits_total 1"));
    world.source.signals.push_back(PartitionsAssigned{world.source.all()});
    world.finish();
}

TEST_CASE("a partition whose offset somebody moved is dropped, and the others are written all the same") {
    World world;
    world.publish(6);
    world.take_and_read();
    world.store.offsets[2].next = 3;
    world.source.has_a_share = false;
    world.steps(20);
    CHECK(world.averages(0) == 2);
    CHECK(world.averages(1) == 2);
    CHECK(world.averages(2) == 0);
    CHECK(world.store.offsets[2].next == 3);
    CHECK(world.source.rejoins == 1);
    world.source.signals.push_back(PartitionsAssigned{world.source.all()});
    world.finish();
}

TEST_CASE("several lost partitions are given up by rejoining once") {
    World world;
    world.publish(6);
    world.take_and_read();
    ++world.store.offsets[0].epoch;
    ++world.store.offsets[2].epoch;
    world.steps(4);  // together, then each
    CHECK(world.averages(1) == 2);
    CHECK(world.source.rejoins == 0);
    world.finish();
    CHECK(world.source.rejoins == 1);
}

TEST_CASE("a revocation while the store is away is heard once what was read is written") {
    World world;
    world.publish(6);
    world.take_and_read();
    world.store.fault = [] { return Fault::unavailable; };
    world.steps(3);
    world.source.signals.push_back(PartitionsRevoked{{1}});
    world.store.fault = [] { return Fault::none; };
    world.steps(1);
    CHECK(world.store.commits == 1);
    CHECK(world.averages(1) == 2);
    world.steps(1);
    world.publish(1);
    world.steps(10);
    CHECK(world.averages(0) == 3);
    CHECK(world.averages(1) == 2);
    CHECK(world.averages(2) == 3);
    CHECK(world.counted("mds_averaging_events_total{result=\"not_assigned\"} 1"));
    world.restart();
    world.finish();
}

TEST_CASE("a partition that was revoked and taken by its next owner while the store was away loses nothing, and nothing is twice") {
    World world;
    world.publish(6);
    world.take_and_read();
    world.store.fault = [] { return Fault::unavailable; };
    world.steps(3);
    world.store.fault = [] { return Fault::none; };
    FakeSource others{{&world.logs[0], &world.logs[1], &world.logs[2]}};
    others.signals.assign(1, PartitionsAssigned{{1}});
    support::Metrics metrics;
    Averaging owner(others, world.store, world.store, world.store, support::Log::silent(), metrics, world.options);
    for (int i = 0; i < 10; ++i) owner.step();
    CHECK(world.averages(1) == 2);
    world.source.signals.push_back(PartitionsRevoked{{1}});
    world.steps(20);
    CHECK(world.averages(0) == 2);
    CHECK(world.averages(2) == 2);
    world.publish(1);
    for (int i = 0; i < 20; ++i) {
        owner.step();
        world.averaging->step();
    }
    world.finish();
}

TEST_CASE("a record that cannot be read is a dead letter in the transaction of the others") {
    World world;
    world.publish(5);
    world.logs[1].publish(poison());
    world.publish(1);
    world.finish();
    CHECK(world.store.commits == 1);
    REQUIRE(world.store.dead_letters.size() == 1);
    auto const& [place, letter] = *world.store.dead_letters.begin();
    CHECK(place == std::pair<std::int32_t, std::int64_t>(1, 5));
    CHECK(letter.value == poison().value);
}

TEST_CASE("a foreign event that the store refuses holds up the records of its own partition alone") {
    World world;
    world.publish(6);
    world.logs[0].publish(foreign("AAPL", 7));
    world.logs[1].publish(foreign("MSFT", 3));
    world.logs[1].publish(foreign("MSFT", 4));
    world.store.refuses = [](Observation const& event) { return event.answer->body.find(":3,") != std::string::npos; };
    world.take_and_read();
    world.steps(2);  // together, then the first partition
    CHECK(world.averages(0) == 3);
    CHECK(world.averages(1) == 0);
    world.finish();
    CHECK(world.store.stored[world.series[0]].size() == 7);
    CHECK(world.store.stored[world.series[1]].size() == 7);
    REQUIRE(world.store.dead_letters.size() == 1);
    CHECK(world.store.dead_letters.begin()->second.value == foreign("MSFT", 3).value);
    CHECK(world.store.dead_letters.begin()->second.error_class == "refused");
    CHECK(world.source.rejoins == 0);
}

TEST_CASE("a kill between the transactions of a split one loses nothing, and nothing is twice") {
    for (int written = 0; written <= 3; ++written) {
        World world;
        world.publish(6);
        world.take_and_read();
        ++world.store.offsets[2].epoch;
        world.steps(1 + written);
        CHECK(world.store.commits == std::min(written, 2));
        world.restart();
        world.finish();
    }
}

TEST_CASE("a transaction of several partitions whose outcome is not known is settled by their offsets") {
    World world;
    world.publish(6);
    world.take_and_read();
    int calls = 0;  // a read for each series, then the commit
    world.store.fault = [&] { return ++calls == 4 ? Fault::applied_but_unknown : Fault::none; };
    world.steps(1);
    CHECK(world.store.commits == 1);
    CHECK_FALSE(world.averaging->healthy());
    world.finish();
    CHECK(world.store.commits == 1);
    CHECK(world.counted("mds_averaging_split_commits_total 1"));
    CHECK(world.counted("mds_averaging_refused_commits_total 3"));
    CHECK(world.source.rejoins == 0);  // it was our own commit that moved the offsets
}

TEST_CASE("a hole that fills the transaction leaves the rest of the partitions to the next one") {
    World world;
    world.options.max_batch = 10;
    world.restart();
    for (int i = 0; i < 34; ++i) world.store.add(world.series[0], Price::from_units(5));
    world.publish(5);
    world.finish();
    CHECK(world.averages(0) == 35);
    CHECK(world.counted("mds_averaging_split_commits_total 0"));
}
