// Seeded schedules of faults: the bus refuses, fails and forgets to acknowledge, the store is away or does not say what it did,
// processes die and start again, two relays quarrel.

#include "support/catch.hpp"
#include "support/memory_outbox.hpp"
#include "support/relay_world.hpp"
#include "support/seeded_random.hpp"

#include "services/relay.hpp"
#include "support/metrics.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>

using namespace mds;
using namespace mds::testing;
using std::chrono::milliseconds;

namespace {

class Simulation {
public:
    explicit Simulation(std::uint64_t seed) : random_(seed) {
        cursor_.fault = [this] {
            if (calm_ || !one_in(12)) return Fault::none;
            return one_in(2) ? Fault::unavailable : Fault::applied_but_unknown;
        };
        for (std::size_t i = 0; i < replicas_.size(); ++i) start(i);
    }

    void storm(int steps) {
        for (int i = 0; i < steps; ++i) {
            if (one_in(3)) commit();
            auto const who = below(replicas_.size());
            if (one_in(60)) start(who);  // died, and is there again
            outbox_.away = one_in(20);
            replicas_[who].bus->away = one_in(20);
            replicas_[who].relay->step();
            clock_.advance(milliseconds(one_in(80) ? 16'000 : below(200)));
        }
    }

    /// Everything is well again.
    void settle() {
        calm_ = true;
        outbox_.away = false;
        for (int i = 0; i < 2000; ++i) {
            for (auto& replica : replicas_) {
                replica.bus->away = false;
                replica.relay->step();
            }
            clock_.advance(milliseconds(20));
        }
    }

    void check() {
        auto const head = outbox_.head().value();
        CHECK(cursor_.held.next == head + 1);
        CHECK_FALSE(cursor_.went_back);
        std::set<std::int64_t> seen;
        std::map<Series, std::int64_t> last;
        for (auto const& event : topic_) {
            if (!seen.insert(event.position).second) continue;  // a repeat
            auto& before = last[event.price()->point.series];
            CHECK(event.price()->point.seq == before + 1);
            before = event.price()->point.seq;
        }
        CHECK(static_cast<std::int64_t>(seen.size()) == head);
    }

private:
    struct Replica {
        std::unique_ptr<FakePublisher> bus;
        std::unique_ptr<Relay> relay;
    };

    bool one_in(std::uint64_t count) { return random_.next() % count == 0; }
    std::uint64_t below(std::uint64_t count) { return random_.next() % count; }

    void commit() {
        auto const series = series_of(std::array{"AAPL", "MSFT", "TSLA"}.at(below(3)));
        for (auto count = 1 + below(8); count > 0; --count) outbox_.append(point_of(series, ++seqs_[series], Price::from_units(1)));
    }

    void start(std::size_t index) {
        auto& replica = replicas_[index];
        replica.relay.reset();
        replica.bus = std::make_unique<FakePublisher>(topic_);
        replica.bus->room = 1 + below(30);
        replica.bus->arriving = [this] { return calm_ ? std::size_t{1000} : static_cast<std::size_t>(below(10)); };
        replica.bus->fails = [this] { return !calm_ && one_in(15); };
        RelayOptions options;
        options.look_every = milliseconds(0);
        options.max_batch = 1 + below(10);
        options.max_under_way = options.max_batch + below(40);
        replica.relay = std::make_unique<Relay>(outbox_, cursor_, *replica.bus, clock_, std::to_string(++starts_),
                                                support::Log::silent(), metrics_, options);
    }

    test::SeededRandom random_;
    test::ManualClock clock_;
    MemoryOutbox outbox_;
    FakeRelayCursor cursor_{clock_};
    FakeTopic topic_;
    support::Metrics metrics_;
    std::map<Series, std::int64_t> seqs_;
    std::array<Replica, 2> replicas_;
    int starts_ = 0;
    bool calm_ = false;
};

}  // namespace

TEST_CASE("whatever fails, every event is published, in the order of its series") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        Simulation simulation(seed);
        simulation.storm(400);
        simulation.settle();
        simulation.check();
    }
}
