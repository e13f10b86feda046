// A consumer that is behind reads on while the store works. Whatever becomes of the commit, what was read meanwhile changes
// nothing.
#include "support/averaging_world.hpp"
#include "support/catch.hpp"

#include "services/averaging.hpp"
#include "support/metrics.hpp"

using namespace mds;
using namespace mds::testing;

namespace {

/// One series in one partition, read in batches of four.
struct World {
    FakeAveragingStore store;
    FakeLog log;
    FakeSource source{log};
    support::Metrics metrics;
    Series series = series_of("AAPL");
    Averaging averaging{source, store, store, store, support::Log::silent(), metrics, four_at_once()};

    static AveragingOptions four_at_once() {
        AveragingOptions options;
        options.max_batch = 4;
        return options;
    }
    void publish(int count) {
        for (int n = 0; n < count; ++n) log.publish(store.add(series, Price::from_units(n + 1)));
    }
    void steps(int count) {
        for (int i = 0; i < count; ++i) averaging.step();
    }
    /// The partition is ours, and a batch of it was read: the next step writes.
    void take_and_read() { steps(3); }
    /// The first batch is written, and the second one is at hand: the next step does nothing but write.
    void write_one() { steps(5); }
    void check_all_is_reflected() {
        CHECK(store.offsets[0].next == log.end());
        CHECK(store.averages.size() == store.stored[series].size() - 4);
        CHECK_FALSE(store.offset_went_back);
    }
    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }
};

RawRecord foreign() {
    RawRecord record;
    record.value = R"({"symbol":"AAPL","price":7,"timestamp":"2024-03-20T10:30:00Z","source":"simulated","raw_response_id":"x"})";
    record.timestamp = UtcTime(std::chrono::seconds(1'710'930'600));
    return record;
}

}  // namespace

TEST_CASE("the next batch is read while the store writes the last one") {
    World world;
    world.publish(12);
    world.take_and_read();
    CHECK(world.source.next[0] == 4);
    world.steps(1);
    CHECK(world.store.commits == 1);
    CHECK(world.source.next[0] == 8);
    world.steps(10);
    world.check_all_is_reflected();
    CHECK(world.store.commits == 3);
}

TEST_CASE("a consumer that keeps up does not read ahead: what comes meanwhile is one batch") {
    World world;
    world.publish(3);
    world.take_and_read();
    world.publish(1);
    world.steps(1);
    CHECK(world.store.commits == 1);
    CHECK(world.source.next[0] == 3);
    world.publish(2);
    world.steps(10);
    world.check_all_is_reflected();
    CHECK(world.store.commits == 2);
}

TEST_CASE("a commit that is tried again reads no further") {
    World world;
    world.publish(12);
    world.write_one();
    world.store.fault = [] { return Fault::unavailable; };
    world.source.speaks = [] { return false; };
    world.steps(1);
    world.source.speaks = [] { return true; };
    world.steps(5);
    CHECK(world.source.next[0] == 8);
    world.store.fault = [] { return Fault::none; };
    world.steps(20);
    world.check_all_is_reflected();
}

TEST_CASE("a partition whose revocation was read ahead is not claimed again, whatever became of the commit") {
    auto const outcome = GENERATE(Fault::none, Fault::unavailable, Fault::applied_but_unknown);
    World world;
    world.publish(12);
    world.write_one();
    world.source.signals.push_back(PartitionsRevoked{{0}});
    world.store.fault = [outcome] { return outcome; };
    world.steps(1);
    world.store.fault = [] { return Fault::none; };
    world.source.next.clear();
    world.steps(10);
    CHECK(world.store.offsets[0].epoch == 1);
    CHECK(world.source.next.empty());
    CHECK(world.store.offsets[0].next == (outcome == Fault::unavailable ? 4 : 8));
    world.source.signals.push_back(PartitionsAssigned{{0}});
    world.steps(20);
    world.check_all_is_reflected();
    CHECK(world.counted("mds_averaging_repaired_total 0"));
}

TEST_CASE("a loss is asked about between commits, not within one") {
    World world;
    world.publish(12);
    world.take_and_read();
    world.log.first = 6;
    world.steps(1);
    CHECK(world.counted("mds_averaging_records_lost_total 0"));
    world.steps(20);
    CHECK(world.counted("mds_averaging_records_lost_total 1"));
    world.check_all_is_reflected();
}

TEST_CASE("what was read ahead is read again where the partition had to be claimed again") {
    World world;
    world.publish(2);
    world.log.publish(foreign());
    world.publish(9);
    world.store.refuses = [](Observation const&) { return true; };
    world.take_and_read();
    world.steps(1);
    CHECK(world.counted("mds_averaging_refused_commits_total 1"));
    CHECK(world.source.next[0] == 8);
    world.steps(60);
    world.check_all_is_reflected();
    CHECK(world.store.dead_letters.size() == 1);
    CHECK(world.counted("mds_averaging_repaired_total 0"));
}
