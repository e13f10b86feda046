#include "support/price_cache_conformance.hpp"
#include "support/catch.hpp"

#include <vector>

namespace mds::test {
namespace {

void offer(PriceCacheUnderTest& under_test, PricePoint const& point) {
    under_test.cache().offer(std::span(&point, 1));
}

TEST_CASE("cache: what was never offered is not there") {
    auto const cache = make_price_cache_under_test();
    CHECK_FALSE(cache->latest(cached_series("NONE")).has_value());
}

TEST_CASE("cache: a point comes back with every fact of it") {
    auto const cache = make_price_cache_under_test();
    auto point = cached_point(cached_series("EURUSD=X", "yahoo"), 7, "123456789012345678.123456789012345678");
    point.time_source = TimeSource::receive;
    point.currency = "GBp (pence; \xc2\xa3)";
    offer(*cache, point);
    auto const found = cache->latest_at(point.series, 7);
    REQUIRE(found);
    CHECK(found->id == point.id);
    CHECK(found->raw_id == point.raw_id);
    CHECK(found->series == point.series);
    CHECK(found->price == point.price);
    CHECK(found->timestamp == point.timestamp);
    CHECK(found->fetched_at == point.fetched_at);
    CHECK(found->time_source == point.time_source);
    CHECK(found->currency == point.currency);
}

TEST_CASE("cache: an older point never replaces a newer one, whoever comes first") {
    auto const cache = make_price_cache_under_test();
    auto const series = cached_series("AAPL");
    for (std::int64_t const seq : {3, 2, 9, 8, 9, 10, 1}) offer(*cache, cached_point(series, seq, std::to_string(seq)));
    // The last offer is of another series: once it is there, all before it were taken or left.
    auto const marker = cached_point(cached_series("MARKER"), 1);
    offer(*cache, marker);
    REQUIRE(cache->latest_at(marker.series, 1));
    auto const found = cache->latest(series);
    REQUIRE(found);
    CHECK(found->seq == 10);
    CHECK(found->price == *Price::parse("10").price);
}

TEST_CASE("cache: series are kept apart by symbol, case and provider") {
    auto const cache = make_price_cache_under_test();
    std::vector<PricePoint> points;
    std::int64_t seq = 0;
    for (auto const* const symbol : {"A", "a", "A:B", "A/B", "A-B"}) {
        for (auto const* const provider : {"p", "p-b", "p_b"})
            points.push_back(cached_point(cached_series(symbol, provider), ++seq));
    }
    cache->cache().offer(points);
    for (auto const& point : points) CHECK(cache->latest_at(point.series, point.seq));
}

TEST_CASE("cache: many points offered at once are all there") {
    auto const cache = make_price_cache_under_test();
    std::vector<PricePoint> points;
    for (int i = 0; i < 3000; ++i) points.push_back(cached_point(cached_series("S" + std::to_string(i)), i + 1));
    cache->cache().offer(points);
    for (auto const& point : points) CHECK(cache->latest_at(point.series, point.seq));
}

}  // namespace
}  // namespace mds::test
