#include "services/poll_ledger.hpp"

#include "poll_world.hpp"
#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

using namespace mds;
using namespace mds::polltest;

namespace {

MissedRange range(std::string group, int first, int last, MissedReason reason = MissedReason::store_down) {
    MissedRange made;
    made.group = std::move(group);
    made.provider = "p";
    made.symbols.push_back(symbol("AAPL"));
    made.interval = seconds(1);
    made.first = UtcTime(seconds(first));
    made.last = UtcTime(seconds(last));
    made.ticks = last - first + 1;
    made.reason = reason;
    return made;
}

/// A plan store that fails to order.
struct Store final : PollPlanStore {
    explicit Store(VirtualTime& t) : time(t) {}
    Task<std::optional<PollPlan>> load(std::optional<std::int64_t>) override { co_return std::optional<PollPlan>(); }
    Task<std::map<std::string, UtcTime>> provider_waits() override { co_return Error(ErrorCode::unavailable, "not asked here"); }
    Task<void> record(std::vector<MissedRange> missed, std::vector<JobProgress> progress, std::map<std::string, UtcTime>) override {
        co_await time.sleep_until(time.steady_now() + milliseconds(10));
        ++calls;
        if (down) co_return Error(ErrorCode::unavailable, "away");
        for (auto const& one : missed) {
            if (one.group == poison) co_return Error(ErrorCode::invalid_argument, "never");
        }
        jobs += progress.size();
        for (auto& one : missed) written.push_back(std::move(one));
        co_return Result<void>();
    }
    VirtualTime& time;
    bool down = false;
    std::string poison;
    int calls = 0;
    std::size_t jobs = 0;
    std::vector<MissedRange> written;
};

struct Fixture {
    VirtualTime time;
    SeededRandom random{1};
    Store store{time};
    net::io_context context{1};
    support::Metrics registry;
    PollMetrics metrics{registry};
    PollTimer timer{time};
    std::shared_ptr<PollLedger> ledger = std::make_shared<PollLedger>(store, time, timer, random, context.get_executor(),
                                                                      support::Log::silent(), metrics, [] {});
    void add(MissedRange one) {
        std::vector<MissedRange> some;
        some.push_back(std::move(one));
        ledger->add(std::move(some), {});
    }
    void run(milliseconds length) {
        time.run(length, [this] {
            context.restart();
            context.poll();
        });
    }
};

Awaitable<void> wait(std::shared_ptr<PollLedger> ledger, std::string group, bool& done) {
    done = co_await ledger->recorded(group);
}

}  // namespace

TEST_CASE("ranges that meet are merged while the store is away, and written once it is back") {
    Fixture fixture;
    fixture.store.down = true;
    for (int at = 0; at < 1000; ++at) {
        fixture.add(range("a", at, at));
        fixture.add(range("b", at, at, at < 500 ? MissedReason::store_down : MissedReason::overrun));
        fixture.run(milliseconds(1));
    }
    CHECK(fixture.store.written.empty());
    fixture.store.down = false;
    fixture.run(milliseconds(5000));
    CHECK(fixture.ledger->idle());
    CHECK(fixture.store.written.size() <= 6);
    std::int64_t ticks = 0;
    for (auto const& one : fixture.store.written) ticks += one.ticks;
    CHECK(ticks == 2000);
}

TEST_CASE("a settling tick waits for its group's ranges and for no other's") {
    Fixture fixture;
    fixture.store.down = true;
    fixture.add(range("a", 1, 1));
    bool a = false;
    bool b = false;
    net::co_spawn(fixture.context, wait(fixture.ledger, "a", a), net::detached);
    net::co_spawn(fixture.context, wait(fixture.ledger, "b", b), net::detached);
    fixture.run(milliseconds(1000));
    CHECK_FALSE(a);
    CHECK(b);
    fixture.store.down = false;
    fixture.run(milliseconds(5000));
    CHECK(a);
}

TEST_CASE("once its timer is cancelled the ledger tries once more and then waits for the store no longer") {
    Fixture fixture;
    fixture.store.down = true;
    fixture.add(range("a", 1, 1));
    std::optional<bool> waited;
    bool late = true;
    auto wait_for_end = [](std::shared_ptr<PollLedger> ledger, std::optional<bool>& end) -> Awaitable<void> {
        end = co_await ledger->recorded("a");
    };
    net::co_spawn(fixture.context, wait_for_end(fixture.ledger, waited), net::detached);
    fixture.run(milliseconds(10'000));
    CHECK_FALSE(fixture.ledger->idle());
    int const before = fixture.store.calls;
    fixture.timer.cancel_all();
    fixture.add(range("a", 3, 3));
    fixture.run(milliseconds(50));
    CHECK(fixture.ledger->idle());
    CHECK(fixture.store.calls <= before + 2);
    CHECK(waited == false);
    fixture.add(range("b", 1, 1));
    net::co_spawn(fixture.context, wait(fixture.ledger, "a", late), net::detached);
    fixture.run(milliseconds(50));
    CHECK_FALSE(late);
    CHECK(fixture.ledger->idle());
    CHECK(fixture.store.written.empty());
}

TEST_CASE("a record that fails when its timer is cancelled is written at the last try") {
    Fixture fixture;
    fixture.store.down = true;
    fixture.add(range("a", 1, 1));
    fixture.run(milliseconds(10'000));
    fixture.store.down = false;
    fixture.timer.cancel_all();
    fixture.run(milliseconds(50));
    CHECK(fixture.ledger->idle());
    CHECK(fixture.store.written.size() == 1);
}

TEST_CASE("a range that the store will never take is dropped alone") {
    Fixture fixture;
    fixture.store.poison = "bad";
    fixture.add(range("first", 1, 1));
    std::vector<MissedRange> some{range("a", 1, 1), range("bad", 1, 1), range("b", 1, 1)};
    std::vector<JobProgress> jobs(1);
    fixture.ledger->add(std::move(some), std::move(jobs));
    fixture.run(milliseconds(5000));
    CHECK(fixture.ledger->idle());
    CHECK(fixture.store.written.size() == 3);
    CHECK(fixture.store.jobs == 1);
}
