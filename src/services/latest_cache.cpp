#include "services/latest_cache.hpp"

#include "codec/price_json.hpp"

#include <cstring>
#include <limits>
#include <utility>

namespace mds {

namespace {

/// Nothing that is longer is a currency.
std::string_view currency_of(PricePoint const& point) noexcept {
    return std::string_view(point.currency).substr(0, std::numeric_limits<std::uint16_t>::max());
}

}  // namespace

std::unique_ptr<CachedPrice const> CachedPrice::make(PricePoint const& point) {
    std::string body;
    body.reserve(160);  // enough for nearly all
    codec::append_latest_body(body, point);
    void* const memory = ::operator new(sizeof(CachedPrice) + body.size() + currency_of(point).size());
    return std::unique_ptr<CachedPrice const>(::new (memory) CachedPrice(point, body));
}

CachedPrice::CachedPrice(PricePoint const& point, std::string_view body) noexcept
    : id_(point.id),
      raw_id_(point.raw_id),
      price_(point.price),
      seq_(point.seq),
      timestamp_(point.timestamp),
      fetched_at_(point.fetched_at),
      body_size_(static_cast<std::uint16_t>(body.size())),
      currency_size_(static_cast<std::uint16_t>(currency_of(point).size())),
      symbol_size_(static_cast<std::uint8_t>(point.series.symbol.str().size())),
      provider_size_(static_cast<std::uint8_t>(point.series.provider.size())),
      time_source_(point.time_source) {
    std::memcpy(text(), body.data(), body.size());
    auto const currency = currency_of(point);
    std::memcpy(text() + body.size(), currency.data(), currency.size());
}

PricePoint CachedPrice::point() const {
    Series series(*Symbol::parse(symbol(), SymbolCase::preserve), std::string(provider()));
    PricePoint point(id_, std::move(series), seq_, price_, timestamp_, fetched_at_, raw_id_);
    point.time_source = time_source_;
    point.currency.assign(text() + body_size_, currency_size_);
    return point;
}

LatestCache::LatestCache() : shards_(std::make_unique<std::array<Shard, shard_count>>()) {}

LatestCache::~LatestCache() = default;

bool LatestCache::offer(PricePoint const& point) {
    // Built before the lock is taken; what it replaces is freed after the lock is released.
    auto entry = CachedPrice::make(point);
    Key const key(entry);
    Shard& shard = shard_of(key);
    std::lock_guard const lock(shard.mutex);
    auto const found = shard.prices.find(key);
    if (found == shard.prices.end()) {
        shard.prices.insert(std::move(entry));
        return true;
    }
    if ((*found)->seq() >= point.seq) return false;
    // In its place: the key is the same, though its bytes are another allocation's.
    std::swap(const_cast<Entry&>(*found), entry);
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
