#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/ingest_store.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace mds {

/// The newest point of a series with its answer prebuilt: the contract's four keys, no trailing newline.
struct CachedPrice {
    PricePoint point;
    std::string body;

    CachedPrice(PricePoint p, std::string b) : point(std::move(p)), body(std::move(b)) {}
};

/// The newest point of every series, in memory. Never goes back to an older seq. Any thread; a look-up holds one shard's lock for
/// the length of the visit, so visit quickly. Some 400 bytes per series.
class LatestCache final : public CommitListener {
public:
    LatestCache();
    ~LatestCache() override;

    /// Takes the point if it is newer than what is there. False: it was not.
    bool offer(PricePoint const& point);
    void committed(std::span<PricePoint const> points) noexcept override;

    /// Calls `seen(CachedPrice const&)` if the series is there. False: it is not.
    template <class Visitor>
    bool visit(std::string_view symbol, std::string_view provider, Visitor&& seen) const {
        Key const key(symbol, provider);
        Shard const& shard = shard_of(key);
        std::shared_lock const lock(shard.mutex);
        auto const found = shard.prices.find(key);
        if (found == shard.prices.end()) return false;
        seen(static_cast<CachedPrice const&>(**found));
        return true;
    }

    std::size_t size() const;

private:
    using Entry = std::unique_ptr<CachedPrice>;
    /// Carries its hash: one computation serves the shard and the bucket.
    struct Key {
        std::string_view symbol;
        std::string_view provider;
        std::size_t hash;

        Key(std::string_view s, std::string_view p) noexcept
            : symbol(s), provider(p), hash(std::hash<std::string_view>{}(s)*31 + std::hash<std::string_view>{}(p)) {}
        explicit Key(Entry const& entry) noexcept : Key(entry->point.series.symbol.str(), entry->point.series.provider) {}
        friend bool operator==(Key const& a, Key const& b) noexcept { return a.symbol == b.symbol && a.provider == b.provider; }
    };
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(Key const& key) const noexcept { return key.hash; }
        std::size_t operator()(Entry const& entry) const noexcept { return Key(entry).hash; }
    };
    struct SameKey {
        using is_transparent = void;
        bool operator()(Entry const& a, Entry const& b) const noexcept { return a->point.series == b->point.series; }
        bool operator()(Entry const& a, Key const& b) const noexcept {
            return a->point.series.symbol.str() == b.symbol && a->point.series.provider == b.provider;
        }
        bool operator()(Key const& a, Entry const& b) const noexcept { return operator()(b, a); }
    };
    /// On its own cache lines: a write to one shard does not slow the readers of its neighbour.
    struct alignas(64) Shard {
        mutable std::shared_mutex mutex;
        boost::unordered_flat_set<Entry, KeyHash, SameKey> prices;
    };
    static constexpr std::size_t shard_count = 64;

    // The set mixes the hash once more, so the top bits are independent of the bucket.
    Shard& shard_of(Key const& key) const noexcept { return (*shards_)[key.hash >> 58]; }

    std::unique_ptr<std::array<Shard, shard_count>> shards_;
};

}  // namespace mds
