#include "support/price_cache_conformance.hpp"

#include "support/manual_clock.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace mds::test {

std::optional<PricePoint> PriceCacheUnderTest::latest_at(Series const& series, std::int64_t seq) {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
        auto point = latest(series);
        if (point && point->seq == seq) return point;
        if (std::chrono::steady_clock::now() > limit) return std::nullopt;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

Series cached_series(std::string const& symbol, std::string const& provider) {
    return Series(*Symbol::parse(symbol, SymbolCase::preserve), provider);
}

PricePoint cached_point(Series const& series, std::int64_t seq, std::string const& price) {
    auto const fetched = ManualClock::start + std::chrono::microseconds(seq);
    auto const id = Uuid::v7(fetched, 1, static_cast<std::uint64_t>(seq));
    auto const raw = Uuid::v7(fetched, 2, static_cast<std::uint64_t>(seq));
    return PricePoint(id, series, seq, *Price::parse(price).price, fetched - std::chrono::seconds(1), fetched, raw);
}

}  // namespace mds::test
