#include "services/latest_cache.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace mds;
using namespace mds::test;

namespace {

PricePoint point(std::string_view symbol, std::string_view provider, std::int64_t seq, std::string_view price) {
    return PricePoint(Uuid{}, Series(*Symbol::parse(symbol), std::string(provider)), seq, *Price::parse(price).price,
                      ManualClock::start, ManualClock::start, Uuid{});
}

std::string body_of(LatestCache const& cache, std::string_view symbol, std::string_view provider) {
    std::string body;
    cache.visit(symbol, provider, [&](CachedPrice const& cached) { body = cached.body(); });
    return body;
}

}  // namespace

TEST_CASE("latest cache keeps the contract's four keys as bytes, without a newline") {
    LatestCache cache;
    CHECK(cache.offer(point("AAPL", "alpha_vantage", 1, "150.25")));
    CHECK(body_of(cache, "AAPL", "alpha_vantage") ==
          R"({"symbol":"AAPL","price":150.25,"timestamp":"2024-03-20T10:30:00Z","provider":"alpha_vantage"})");
}

TEST_CASE("latest cache writes the price as the exact decimal that it is") {
    LatestCache cache;
    cache.offer(point("PEPE", "simulated", 1, "1.2e-05"));
    CHECK(body_of(cache, "PEPE", "simulated").find(R"("price":0.000012,)") != std::string::npos);
    cache.offer(point("PEPE", "simulated", 2, "123456789012345678.123456789012345678"));
    CHECK(body_of(cache, "PEPE", "simulated").find(R"("price":123456789012345678.123456789012345678,)") != std::string::npos);
}

TEST_CASE("latest cache never goes back to an older point") {
    LatestCache cache;
    CHECK(cache.offer(point("AAPL", "simulated", 2, "2")));
    CHECK_FALSE(cache.offer(point("AAPL", "simulated", 1, "1")));
    CHECK_FALSE(cache.offer(point("AAPL", "simulated", 2, "9")));
    CHECK(body_of(cache, "AAPL", "simulated").find(R"("price":2,)") != std::string::npos);
    CHECK(cache.offer(point("AAPL", "simulated", 3, "3")));
    CHECK(body_of(cache, "AAPL", "simulated").find(R"("price":3,)") != std::string::npos);
    CHECK(cache.size() == 1);
}

TEST_CASE("latest cache keeps the providers of a symbol apart") {
    LatestCache cache;
    cache.offer(point("AAPL", "finnhub", 1, "1"));
    cache.offer(point("AAPL", "simulated", 1, "2"));
    CHECK(cache.size() == 2);
    CHECK(body_of(cache, "AAPL", "finnhub").find(R"("price":1,)") != std::string::npos);
    CHECK(body_of(cache, "AAPL", "simulated").find(R"("price":2,)") != std::string::npos);
    CHECK_FALSE(cache.visit("AAPL", "coinbase", [](CachedPrice const&) {}));
    CHECK_FALSE(cache.visit("aapl", "finnhub", [](CachedPrice const&) {}));
}

TEST_CASE("latest cache holds many series, each replaced many times") {
    LatestCache cache;
    std::vector<PricePoint> points;
    for (int seq = 1; seq <= 3; ++seq) {
        points.clear();
        for (int i = 0; i < 2000; ++i) {
            points.push_back(point("LONGER-THAN-FIFTEEN-" + std::to_string(i), "simulated", seq, std::to_string(seq)));
        }
        cache.committed(points);
    }
    CHECK(cache.size() == 2000);
    for (auto const& one : points) {
        std::int64_t seq = 0;
        cache.visit(one.series.symbol.str(), "simulated", [&](CachedPrice const& cached) { seq = cached.seq(); });
        REQUIRE(seq == 3);
    }
}

TEST_CASE("latest cache readers see rising numbers while writers race each other") {
    LatestCache cache;
    constexpr std::int64_t last = 2000;
    std::atomic<bool> rising{true};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 2; ++writer) {
        threads.emplace_back([&] {
            for (std::int64_t seq = 1; seq <= last; ++seq) cache.offer(point("AAPL", "simulated", seq, std::to_string(seq)));
        });
    }
    for (int reader = 0; reader < 2; ++reader) {
        threads.emplace_back([&] {
            for (std::int64_t seen = 0; seen < last;) {
                cache.visit("AAPL", "simulated", [&](CachedPrice const& cached) {
                    bool const whole = cached.body().find("\"price\":" + std::to_string(cached.seq()) + ",") != std::string::npos;
                    if (cached.seq() < seen || !whole) rising = false;
                    seen = cached.seq();
                });
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(rising);
}

TEST_CASE("latest cache gives back the whole point") {
    LatestCache cache;
    Uuid id;
    Uuid raw_id;
    id.bytes.fill(1);
    raw_id.bytes.fill(2);
    Series const series(*Symbol::parse("btc/usd", SymbolCase::preserve), "my-provider_1");
    PricePoint whole(id, series, 7, *Price::parse("0.000000000000000001").price, ManualClock::start,
                     ManualClock::start + std::chrono::seconds(1), raw_id);
    whole.time_source = TimeSource::receive;
    for (std::string const currency : {"", "USD", "a name of a currency that does not fit into a small string"}) {
        whole.currency = currency;
        ++whole.seq;
        REQUIRE(cache.offer(whole));
        bool const found = cache.visit("btc/usd", "my-provider_1", [&](CachedPrice const& cached) {
            PricePoint const point = cached.point();
            CHECK(point.id == id);
            CHECK(point.raw_id == raw_id);
            CHECK(point.series == series);
            CHECK(point.seq == whole.seq);
            CHECK(point.price == whole.price);
            CHECK(point.timestamp == whole.timestamp);
            CHECK(point.fetched_at == whole.fetched_at);
            CHECK(point.time_source == TimeSource::receive);
            CHECK(point.currency == currency);
            CHECK(cached.id() == id);
        });
        CHECK(found);
    }
}
