// Replicas that share a provider's quota by one ledger, in virtual time.
#include <support/catch.hpp>
#include <support/quota_book.hpp>
#include <support/seeded_random.hpp>
#include <support/virtual_time.hpp>

#include <adapters/providers/ledger_clock.hpp>
#include <adapters/providers/quota.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

using namespace mds;
using namespace mds::providers;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

/// As a store keeps it: a clock of its own, some way off, one order at a time, and away now and then.
class FarLedger final : public QuotaLedger {
public:
    explicit FarLedger(VirtualTime& time) : time_(time) {}
    Task<QuotaGrant> take(QuotaOrder order) override {
        ++calls;
        co_await time_.sleep_until(time_.steady_now() + way());
        if (!up) co_return Error(ErrorCode::unavailable, "the store is away");
        QuotaGrant grant;
        grant.now = time_.now() + 7h;
        grant.replies = book.settle(order, grant.now);
        grant.left = book.left;
        std::erase_if(book.entries, [&](auto const& entry) { return entry.until < grant.now - 100s; });
        co_await time_.sleep_until(time_.steady_now() + way());
        co_return grant;
    }

    QuotaBook book;
    bool up = true;
    std::chrono::milliseconds farthest{3};
    int calls = 0;

private:
    std::chrono::microseconds way() { return std::chrono::microseconds(500 + random_.next() % (farthest.count() * 1000)); }
    VirtualTime& time_;
    SeededRandom random_;
};

class World {
public:
    explicit World(std::vector<QuotaWindow> windows) : windows_(std::move(windows)) {}
    ~World() { time.forget_sleepers(); }

    struct Replica {
        net::io_context context{1};
        support::Metrics registry;
        ProviderMetrics metrics{registry, "p"};
        std::unique_ptr<Quota> quota;
        bool frozen = false;  ///< as after SIGSTOP; for ever: as after SIGKILL
    };
    Replica& join() {
        auto& replica = *replicas_.emplace_back(std::make_unique<Replica>());
        replica.quota = std::make_unique<Quota>("p", windows_, &ledger, time, time, replica.metrics);
        return replica;
    }
    /// Asks for ever, each time for an answer that takes 80 ms.
    void ask(Replica& replica, QuotaUse use, int at_once) {
        for (int i = 0; i < at_once; ++i) net::co_spawn(replica.context, keep_asking(replica, use), net::detached);
    }
    void run(std::chrono::milliseconds length) {
        time.run(length, [this] {
            for (auto const& replica : replicas_) {
                if (replica->frozen) continue;
                replica->context.restart();
                replica->context.poll();
            }
        });
    }
    void check() const {
        for (auto const& window : windows_) {
            CHECK(most_within(sent, window.per) <= window.limit);
            CHECK(most_within(polls, window.per) <= window.share(QuotaUse::polls));
        }
    }
    std::size_t sent_since(UtcTime moment) const {
        return static_cast<std::size_t>(std::ranges::count_if(sent, [&](auto const& one) { return one.at >= moment; }));
    }

    VirtualTime time;
    FarLedger ledger{time};
    std::vector<Spent> sent, polls;
    std::vector<Quota::Refusal> refusals;

private:
    Awaitable<void> keep_asking(Replica& replica, QuotaUse use) {
        for (;;) {
            auto const latest = time.steady_now() + 5s;
            auto const answer = co_await replica.quota->turn(1, use, latest);
            if (auto const* const refusal = std::get_if<Quota::Refusal>(&answer)) {
                refusals.push_back(*refusal);
                auto const again = time.steady_now() + refusal->wait;
                co_await time.sleep_until(again);
                continue;
            }
            sent.push_back({time.now()});
            if (use == QuotaUse::polls) polls.push_back({time.now()});
            auto const answered = time.steady_now() + 80ms;
            co_await time.sleep_until(answered);
        }
    }

    std::vector<QuotaWindow> windows_;
    std::vector<std::unique_ptr<Replica>> replicas_;
};

std::vector<QuotaWindow> const five_a_second{{5, 1s, false}, {300, 60s, false}};

}  // namespace

TEST_CASE("shared quota: two replicas together use nearly all of it and never more") {
    World world(five_a_second);
    for (int i = 0; i < 2; ++i) {
        auto& replica = world.join();
        world.ask(replica, QuotaUse::polls, 4);
        world.ask(replica, QuotaUse::reads, 1);
    }
    world.run(200s);
    world.check();
    CHECK(world.sent.size() >= 93 * 5 * 200 / 100);
    CHECK(world.polls.size() >= 93 * 4 * 200 / 100);
}

TEST_CASE("shared quota: polls alone leave a fifth to reads, which have it at once") {
    World world(five_a_second);
    auto& one = world.join();
    auto& two = world.join();
    world.ask(one, QuotaUse::polls, 8);
    world.run(100s);
    CHECK(world.polls.size() >= 93 * 4 * 100 / 100);
    CHECK(world.polls.size() <= 4 * 100);
    auto const before = world.sent.size() - world.polls.size();
    world.ask(two, QuotaUse::reads, 1);
    world.run(30ms);
    CHECK(world.sent.size() - world.polls.size() == before + 1);
    world.check();
}

TEST_CASE("shared quota: a replica that dies takes at most what it had taken with it") {
    World world(five_a_second);
    auto& one = world.join();
    auto& two = world.join();
    for (auto* const replica : {&one, &two}) world.ask(*replica, QuotaUse::reads, 5);
    world.run(10s);
    one.frozen = true;
    auto const died = world.time.now();
    world.run(20s);
    CHECK(world.sent_since(died) >= 85 * 5 * 20 / 100);
    world.ask(world.join(), QuotaUse::reads, 5);  // and comes back, knowing nothing
    world.run(30s);
    world.check();
}

TEST_CASE("shared quota: a replica that was stopped does not send in turns that are over") {
    World world(five_a_second);
    auto& one = world.join();
    auto& two = world.join();
    for (auto* const replica : {&one, &two}) world.ask(*replica, QuotaUse::reads, 5);
    for (auto const stopped : {30ms, 200ms, 1900ms, 20ms, 700ms, 4000ms}) {
        world.run(2s);
        one.frozen = true;
        world.run(stopped);
        one.frozen = false;
    }
    world.run(5s);
    world.check();
}

TEST_CASE("shared quota: a store that is far away costs some of it, not the limit") {
    World world(five_a_second);
    world.ledger.farthest = 150ms;
    for (int i = 0; i < 2; ++i) world.ask(world.join(), QuotaUse::reads, 6);
    world.run(100s);
    world.check();
    CHECK(world.sent.size() >= 60 * 5 * 100 / 100);
}

TEST_CASE("shared quota: while the store is away what was taken is used, then nothing is sent") {
    World world(five_a_second);
    world.ask(world.join(), QuotaUse::reads, 12);
    world.run(10s);
    world.ledger.up = false;
    auto const away = world.time.now();
    world.run(4s);
    CHECK(world.sent_since(away) > 0);
    auto const calls = world.ledger.calls;
    auto const dry = world.time.now();
    world.run(10s);
    CHECK(world.sent_since(dry) == 0);
    CHECK(world.ledger.calls - calls <= 12 * 11);  // once a second each
    REQUIRE_FALSE(world.refusals.empty());
    CHECK(world.refusals.back().wait == 1s);
    CHECK(world.refusals.back().reason.find("the store is away") != std::string::npos);
    world.ledger.up = true;
    auto const back = world.time.now();
    world.run(5s);
    CHECK(world.sent_since(back) >= 15);
    world.check();
}

TEST_CASE("shared quota: what is left is what the ledger said, and all of a window that has passed") {
    World world({{10, 60s, false}, {50, 3600s, false}});
    auto& replica = world.join();
    auto const left = [&] { return replica.quota->left(world.time.steady_now()); };
    CHECK(left() == std::vector<std::size_t>{10, 50});
    world.ask(replica, QuotaUse::polls, 1);
    world.run(20s);
    CHECK(left() == std::vector<std::size_t>{2, 42});
    replica.frozen = true;
    world.run(80s);
    CHECK(left() == std::vector<std::size_t>{10, 42});
}

TEST_CASE("shared quota: what is spent for long is said so") {
    World world({{25, 86400s, false}});
    world.ask(world.join(), QuotaUse::polls, 3);
    world.run(60s);
    CHECK(world.sent.size() == 20);
    REQUIRE_FALSE(world.refusals.empty());
    CHECK(world.refusals.back().wait == 1h);  // asked again then: it may be another process's configuration that changed
    world.ask(world.join(), QuotaUse::reads, 3);
    world.run(60s);
    CHECK(world.sent.size() == 25);
    world.check();
}

TEST_CASE("shared quota: requests that come together are one call") {
    World world({{1000, 60s, false}});
    world.ask(world.join(), QuotaUse::reads, 50);
    world.run(20ms);
    CHECK(world.sent.size() == 50);
    CHECK(world.ledger.calls <= 2);
}

TEST_CASE("shared quota: random replicas, freezes, deaths and outages never pass a window") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        SeededRandom random(seed);
        auto const below = [&](std::uint64_t n) { return random.next() % n; };
        World world({{5 + below(10), 1s, false}, {40 + below(100), 10s, false}});
        world.ledger.farthest = std::chrono::milliseconds(1 + below(40));
        std::vector<World::Replica*> live;
        for (int step = 0; step < 60; ++step) {
            if (live.size() < 3 && below(3) == 0) {
                live.push_back(&world.join());
                world.ask(*live.back(), QuotaUse::polls, 4);
                world.ask(*live.back(), QuotaUse::reads, static_cast<int>(below(3)));
            }
            if (!live.empty() && below(4) == 0) live[below(live.size())]->frozen = below(2) == 0;
            if (!live.empty() && below(12) == 0) {
                live.back()->frozen = true;
                live.pop_back();
            }
            world.ledger.up = below(6) != 0;
            world.run(std::chrono::milliseconds(50 + below(1500)));
        }
        world.check();
        CHECK(world.sent.size() > 50);
    }
}

TEST_CASE("ledger clock: the bounds of several answers together are narrower than any alone, and hold") {
    LedgerClock clock;
    SteadyTime const here{1000h};
    UtcTime const there{1'700'000'000s};
    clock.seen(here, there + 9ms, here + 10ms);  // the answer was quick, the question slow
    CHECK(clock.uncertainty() == 10ms);
    clock.seen(here + 20ms, there + 21ms, here + 32ms);
    CHECK(clock.uncertainty() < 3ms);
    CHECK(clock.surely_from(there + 50ms) >= here + 50ms);
    CHECK(clock.surely_until(there + 50ms) <= here + 50ms);
    clock.seen(here + 1s, there + 1h, here + 1s + 4ms);  // it was set
    CHECK(clock.uncertainty() == 4ms);
    CHECK(clock.surely_from(there + 1h) == here + 1s + 4ms);
}
