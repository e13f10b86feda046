#include "support/memory_price_cache.hpp"
#include "unit/services/latest_price_fixture.hpp"

#include <span>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

/// Made before, and gone after, the service that uses it.
struct Shared {
    MemoryPriceCache shared;
};

struct SharedCacheFixture : Shared, LatestPriceFixture {
    SharedCacheFixture() : LatestPriceFixture(unhurried(), &shared) {}

    PricePoint numbered(std::int64_t seq, std::chrono::seconds ago) {
        auto known = point(std::to_string(seq), ago);
        known.seq = seq;
        return known;
    }
    void share(std::int64_t seq, std::chrono::seconds ago) {
        auto const known = numbered(seq, ago);
        shared.offer(std::span(&known, 1));
    }
};

}  // namespace

TEST_CASE("a fresh price of the shared cache is answered without store and provider, and is in memory then") {
    SharedCacheFixture f;
    f.share(4, 10s);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::cache);
    CHECK(answer->point.seq == 4);
    CHECK(answer->age == 10s);
    CHECK(f.store.latest_reads() == 0);
    CHECK(f.provider.calls() == 0);
    CHECK(f.get()->source == PriceSource::memory);
    CHECK(f.shared.reads() == 1);
}

TEST_CASE("a fresh price in memory asks no shared cache") {
    SharedCacheFixture f;
    f.remember("1", 10s);
    CHECK(f.get()->source == PriceSource::memory);
    CHECK(f.shared.reads() == 0);
}

TEST_CASE("an old price of the shared cache leads on to the store") {
    SharedCacheFixture f;
    f.share(4, 100s);
    f.store.add(f.numbered(5, 10s));
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::store);
    CHECK(answer->point.seq == 5);
    CHECK(f.shared.seq_of(f.series()) == 5);
}

TEST_CASE("what the store knew fills the shared cache") {
    SharedCacheFixture f;
    f.store.add(f.numbered(3, 10s));
    CHECK(f.get()->source == PriceSource::store);
    CHECK(f.shared.seq_of(f.series()) == 3);
}

TEST_CASE("what the shared cache has does not take memory back") {
    SharedCacheFixture f;
    f.cache.offer(f.numbered(9, 100s));
    f.store.add(f.numbered(9, 100s));
    f.share(8, 1s);
    f.provider.fails(Outcome::unavailable);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->point.seq == 9);
    CHECK(answer->stale);
    CHECK(answer->source == PriceSource::memory);
    CHECK(f.cached_seq() == 9);
}

TEST_CASE("max_age=0 takes no price of the shared cache for fresh") {
    SharedCacheFixture f;
    f.share(4, 1s);
    f.provider.says("7");
    auto request = f.request();
    request.max_age = 0s;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::provider);
}

TEST_CASE("an old price of the shared cache stands in when store and provider fail") {
    SharedCacheFixture f;
    f.share(4, 100s);
    f.store.fail_reads(true);
    f.provider.fails(Outcome::unavailable);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    CHECK(answer->source == PriceSource::cache);
}

TEST_CASE("of a failover order the first with a fresh price in the shared cache answers") {
    SharedCacheFixture f;
    auto known = f.point("2", 10s, "second");
    f.shared.offer(std::span(&known, 1));
    auto const answer = f.get(f.automatic());
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::cache);
    CHECK(answer->point.series.provider == "second");
    CHECK(f.provider.calls() + f.second.calls() == 0);
}

TEST_CASE("a shared cache that is away changes no answer") {
    SharedCacheFixture f;
    f.shared.go_away();
    f.store.add(f.numbered(5, 10s));
    CHECK(f.get()->source == PriceSource::store);
    SharedCacheFixture g;
    g.shared.go_away();
    g.provider.says("7");
    CHECK(g.get()->source == PriceSource::provider);
}
