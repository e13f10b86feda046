#include "services/latest_cache.hpp"

#include "codec/price_json.hpp"

#include <utility>

namespace mds {

LatestCache::LatestCache() : shards_(std::make_unique<std::array<Shard, shard_count>>()) {}

LatestCache::~LatestCache() = default;

bool LatestCache::offer(PricePoint const& point) {
    std::string text;
    codec::append_latest_body(text, point);
    text.shrink_to_fit();
    // Built before the lock is taken; what it replaces is freed after the lock is released.
    auto entry = std::make_unique<CachedPrice>(point, std::move(text));
    Key const key(entry);
    Shard& shard = shard_of(key);
    std::lock_guard const lock(shard.mutex);
    auto const found = shard.prices.find(key);
    if (found == shard.prices.end()) {
        shard.prices.insert(std::move(entry));
        return true;
    }
    if ((*found)->point.seq >= point.seq) return false;
    std::swap(**found, *entry);
    return true;
}

void LatestCache::committed(std::span<PricePoint const> points) noexcept {
    for (auto const& point : points) offer(point);
}

std::size_t LatestCache::size() const {
    std::size_t sum = 0;
    for (auto const& shard : *shards_) {
        std::shared_lock const lock(shard.mutex);
        sum += shard.prices.size();
    }
    return sum;
}

}  // namespace mds
