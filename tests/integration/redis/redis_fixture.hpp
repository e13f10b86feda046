#pragma once

#include "adapters/redis/price_cache.hpp"

#include "support/price_cache_conformance.hpp"
#include "support/redis_server.hpp"
#include "support/seeded_random.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

namespace mds::test {

/// Waits for what other threads and the server do; the time limit only turns a hang into a failure.
template <class Predicate>
bool comes_true(Predicate holds) {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// The adapter against a server. Reads wait long enough that a busy machine does not decide a test.
class CacheOnRedis final : public PriceCacheUnderTest {
public:
    static redis::Options options(int port) {
        redis::Options options;
        options.address.port = std::to_string(port);
        options.timeout = std::chrono::milliseconds(500);
        options.retry_min = std::chrono::milliseconds(5);
        options.retry_max = std::chrono::milliseconds(50);
        return options;
    }

    explicit CacheOnRedis(redis::Options const& options) : cache_(options, random_, support::Log::silent(), metrics) {
        cache_.start();
    }
    explicit CacheOnRedis(RedisServer const& server) : CacheOnRedis(options(server.port())) { wait_until_in_use(); }
    ~CacheOnRedis() override { cache_.drain(std::chrono::steady_clock::now() + std::chrono::seconds(10)); }

    PriceCache& cache() override { return cache_; }
    bool in_use() const { return cache_.in_use(); }
    void wait_until_in_use() {
        if (!comes_true([this] { return in_use(); })) throw std::runtime_error("Redis did not come into use");
    }
    void offer(PricePoint const& point) { cache_.offer(std::span(&point, 1)); }
    double reads(std::string const& result) { return count("mds_redis_reads_total", result); }
    double writes(std::string const& result) { return count("mds_redis_writes_total", result); }

    support::Metrics metrics;

private:
    double count(std::string const& name, std::string const& result) {
        auto const text = metrics.render();
        auto const line = name + "{result=\"" + result + "\"} ";
        auto const at = text.find(line);
        if (at == text.npos) throw std::runtime_error("no metric " + line);
        return std::stod(text.substr(at + line.size()));
    }

    SeededRandom random_;
    redis::PriceCache cache_;
};

}  // namespace mds::test
