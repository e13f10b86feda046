#pragma once
// What every shared cache must do, written against the port alone: an adapter's test program links price_cache_*.cpp and defines
// make_price_cache_under_test().

#include <mds/ports/price_cache.hpp>

#include "support/loop.hpp"

#include <memory>
#include <string>

namespace mds::test {

/// An empty cache, in use.
class PriceCacheUnderTest {
public:
    virtual ~PriceCacheUnderTest() = default;
    virtual PriceCache& cache() = 0;

    std::optional<PricePoint> latest(Series const& series) { return loop_.run(cache().latest(series)); }
    /// Asks until the series stands at `seq`: offers are written behind.
    std::optional<PricePoint> latest_at(Series const& series, std::int64_t seq);

protected:
    PriceCacheUnderTest() = default;

private:
    Loop loop_;
};

std::unique_ptr<PriceCacheUnderTest> make_price_cache_under_test();

Series cached_series(std::string const& symbol, std::string const& provider = "simulated");
/// Fetched at 2024-03-20 10:30, quoted a second before, ids numbered by `seq`.
PricePoint cached_point(Series const& series, std::int64_t seq, std::string const& price = "150.25");

}  // namespace mds::test
