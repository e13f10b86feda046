// The fake that other tests use keeps the promises of the real ones.
#include "support/memory_price_cache.hpp"
#include "support/price_cache_conformance.hpp"

namespace mds::test {
namespace {

class MemoryCacheUnderTest final : public PriceCacheUnderTest {
public:
    PriceCache& cache() override { return cache_; }

private:
    MemoryPriceCache cache_;
};

}  // namespace

std::unique_ptr<PriceCacheUnderTest> make_price_cache_under_test() {
    return std::make_unique<MemoryCacheUnderTest>();
}

}  // namespace mds::test
