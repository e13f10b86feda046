#include "support/price_cache_conformance.hpp"

#include "integration/redis/redis_fixture.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace mds::test {
namespace {

/// The server that MDS_TEST_REDIS names, or one that is started for this program.
redis::Options options_of_server() {
    static std::atomic<int> count{0};
    redis::Options options = CacheOnRedis::options(6379);
    if (char const* const given = std::getenv("MDS_TEST_REDIS"); given != nullptr && *given != '\0') {
        auto const address = redis::parse_address(given);
        if (!address) throw std::runtime_error("MDS_TEST_REDIS must be redis://[[user]:password@]host[:port][/database]");
        options.address = *address;
    } else {
        static RedisServer shared;
        options.address.port = std::to_string(shared.port());
    }
    options.prefix = "mds-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    options.ttl = std::chrono::minutes(1);
    return options;
}

}  // namespace

std::unique_ptr<PriceCacheUnderTest> make_price_cache_under_test() {
    auto cache = std::make_unique<CacheOnRedis>(options_of_server());
    cache->wait_until_in_use();
    return cache;
}

}  // namespace mds::test
