// Several pollers of one world: each target belongs to one of them at a time, whatever happens to the others.
#include "poll_world.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mds;
using namespace mds::polltest;

namespace {

/// 2000 targets polled every second, in groups of 100 and shards of at most 500.
struct Shared {
    Shared() {
        world.provider("p", 100).script = [](auto const&) { return Reply{}; };
        world.options.requests_per_provider = 100;
        std::vector<std::string> symbols;
        for (int i = 0; i < 2000; ++i) symbols.push_back("S" + std::to_string(i));
        world.job("poll_a", symbols, 1, {"p"});
        world.fence = &table;
    }

    /// Every tick of every group has one end, and the last ones are near.
    void check_ledger() {
        Ledger const ledger(world);
        CHECK(ledger.twice() == 0);
        CHECK(ledger.holes() == 0);
        REQUIRE(!ledger.groups.empty());
        for (auto const& [name, ticks] : ledger.groups) {
            INFO(name);
            CHECK(world.time.now() - ticks.ends.rbegin()->first <= seconds(3));
        }
    }
    /// Requests that began since the last call, by symbol; the most of one symbol.
    std::map<Symbol, int> requests() {
        auto const& all = world.providers.at("p")->requests;
        std::map<Symbol, int> counts;
        for (; seen < all.size(); ++seen) {
            for (auto const& one : all[seen].symbols) ++counts[one];
        }
        return counts;
    }
    static bool each(std::map<Symbol, int> const& counts, int least, int most) {
        return counts.size() == 2000 &&
               std::ranges::all_of(counts, [&](auto const& one) { return one.second >= least && one.second <= most; });
    }

    World world;
    LeaseTable table{world.time};
    std::size_t seen = 0;
};

}  // namespace

TEST_CASE("leases: a single poller has everything within a second") {
    Shared s;
    auto& one = s.world.join(s.table);
    s.world.run(seconds(2));
    CHECK(one.polled_shards() > 4);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: a job that is made later is polled within a second") {
    Shared s;
    s.world.join(s.table);
    s.world.run(seconds(5));
    s.world.job("poll_b", {"NEW"}, 60, {"p"});
    ++s.world.revision;
    s.world.run(seconds(1));
    auto const counts = s.requests();
    REQUIRE(counts.contains(symbol("NEW")));
    CHECK(counts.at(symbol("NEW")) == 1);
    CHECK(s.world.jobs.at("poll_b").status == JobStatus::active);
}

TEST_CASE("leases: two pollers share, and no target is fetched by both in one tick") {
    Shared s;
    auto& one = s.world.join(s.table);
    s.world.run(seconds(5));
    auto& two = s.world.join(s.table);
    s.world.run(seconds(15));
    CHECK(std::abs(one.polled_shards() - two.polled_shards()) <= 1);
    CHECK(two.polled_shards() > 0);
    s.requests();
    s.world.run(seconds(20));
    CHECK(Shared::each(s.requests(), 20, 20));
    s.check_ledger();
}

TEST_CASE("leases: pollers that begin together share as well") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    auto& three = s.world.join(s.table);
    s.world.run(seconds(20));
    CHECK(one.polled_shards() > 0);
    CHECK(two.polled_shards() > 0);
    CHECK(three.polled_shards() > 0);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: a poller that stops gives its part back at once") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    one.driver->interrupt();
    s.world.run(seconds(3));
    CHECK(two.polled_shards() > 4);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: what a killed poller had is taken over within 16 s, and its ticks are on record") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    auto const had = two.polled_shards();
    one.frozen = true;
    s.world.run(seconds(16));
    CHECK(two.polled_shards() > had);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    Ledger const ledger(s.world);
    CHECK(ledger.by_reason.at(MissedReason::down_time) > 0);
    s.check_ledger();
}

TEST_CASE("leases: a poller that was stopped for half a minute comes back to nothing, then to its part") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    one.frozen = true;
    s.world.run(seconds(30));
    s.requests();
    one.frozen = false;
    s.world.run(seconds(20));
    CHECK(one.polled_shards() > 0);
    CHECK(two.polled_shards() > 0);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: an answer that a frozen poller brings late is stored, but ends no tick") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    // Answers that take half an interval: some are under way at any moment.
    s.world.providers.at("p")->script = [](auto const&) {
        Reply slow;
        slow.latency = milliseconds(500);
        return slow;
    };
    s.world.run(seconds(5));
    one.frozen = true;
    s.world.run(seconds(30));
    one.frozen = false;
    s.world.run(seconds(2));
    auto const apart = std::ranges::count_if(s.world.observations,
                                             [](auto const& seen) { return seen.cause == FetchCause::schedule && !seen.tick; });
    CHECK(apart > 0);
    s.world.run(seconds(20));
    CHECK(two.polled_shards() > 0);
    s.check_ledger();
}

TEST_CASE("leases: who cannot renew stops before others may take over, and goes on by itself") {
    Shared s;
    auto& one = s.world.join(s.table);
    s.world.run(seconds(5));
    s.table.up = false;
    s.world.run(seconds(12));
    s.requests();
    s.world.run(seconds(5));
    CHECK(s.requests().empty());
    s.table.up = true;
    s.world.run(seconds(5));
    CHECK(one.polled_shards() > 4);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: a store that is away for longer than they last loses no tick of the ledger") {
    Shared s;
    auto& one = s.world.join(s.table);
    s.world.run(seconds(5));
    s.table.up = false;
    s.world.store_up = false;
    s.world.store_accepts = false;
    s.world.run(seconds(25));
    s.table.up = true;
    s.world.store_up = true;
    s.world.store_accepts = true;
    s.world.run(seconds(10));
    CHECK(one.polled_shards() > 4);
    s.requests();
    s.world.run(seconds(10));
    CHECK(Shared::each(s.requests(), 10, 10));
    s.check_ledger();
}

TEST_CASE("leases: missed ticks that waited for the store until their lease was another's are told of by that one alone") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    auto& provider = *s.world.providers.at("p");
    provider.script = [](auto const&) {
        Reply reply;
        reply.all = Outcome::rate_limited;
        reply.retry_after = seconds(3);
        return reply;
    };
    s.world.run(seconds(1));
    provider.script = [](auto const&) { return Reply{}; };
    s.world.store_up = false;
    s.world.run(milliseconds(4000));  // the ticks of the wait wait to be recorded
    one.frozen = true;
    s.world.store_up = true;
    s.world.run(seconds(30));
    one.frozen = false;
    s.world.run(milliseconds(2500));
    CHECK(s.world.ranges_fenced > 0);
    s.world.run(seconds(20));
    CHECK(two.polled_shards() > 0);
    s.check_ledger();
}

TEST_CASE("leases: a lease that ran out before its time is begun anew") {
    Shared s;
    s.world.commit_latency = milliseconds(300);
    auto& one = s.world.join(s.table);
    s.world.run(seconds(5));
    for (int i = 0; i < 5; ++i) {
        s.table.expire();
        s.world.run(milliseconds(3300));
    }
    CHECK(one.polled_shards() > 4);
    s.check_ledger();
}

TEST_CASE("leases: an answer that waited for the store until its lease was another's is stored, but ends no tick") {
    Shared s;
    auto& one = s.world.join(s.table);
    auto& two = s.world.join(s.table);
    s.world.run(seconds(20));
    s.world.store_up = false;
    s.world.run(milliseconds(1500));
    one.frozen = true;
    s.world.store_up = true;
    s.world.run(seconds(30));
    auto const apart = [&] {
        return std::ranges::count_if(s.world.observations,
                                     [](auto const& seen) { return seen.cause == FetchCause::schedule && !seen.tick; });
    };
    CHECK(apart() == 0);
    one.frozen = false;
    s.world.run(seconds(2));
    CHECK(apart() > 0);
    s.world.run(seconds(20));
    CHECK(two.polled_shards() > 0);
    s.check_ledger();
}
