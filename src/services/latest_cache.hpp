#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/ingest_store.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace mds {

/// The newest point of a series with its answer prebuilt, in one allocation: there is one for every series. The names stand in the
/// answer; what else is text stands behind it.
class CachedPrice {
public:
    static std::unique_ptr<CachedPrice const> make(PricePoint const& point);
    static void operator delete(void* memory) { ::operator delete(memory); }

    std::string_view symbol() const noexcept { return {text() + symbol_at, symbol_size_}; }
    std::string_view provider() const noexcept { return {text() + body_size_ - provider_size_ - 2, provider_size_}; }
    std::int64_t seq() const noexcept { return seq_; }
    Uuid const& id() const noexcept { return id_; }
    UtcTime fetched_at() const noexcept { return fetched_at_; }
    /// The contract's four keys, no trailing newline.
    std::string_view body() const noexcept { return {text(), body_size_}; }
    PricePoint point() const;

private:
    static constexpr std::size_t symbol_at = std::string_view(R"({"symbol":")").size();

    CachedPrice(PricePoint const& point, std::string_view body) noexcept;
    char* text() noexcept { return reinterpret_cast<char*>(this + 1); }
    char const* text() const noexcept { return reinterpret_cast<char const*>(this + 1); }

    Uuid id_;
    Uuid raw_id_;
    Price price_;
    std::int64_t seq_;
    UtcTime timestamp_;
    UtcTime fetched_at_;
    std::uint16_t body_size_;
    std::uint16_t currency_size_;
    std::uint8_t symbol_size_;
    std::uint8_t provider_size_;
    TimeSource time_source_ : 8;
};

/// The newest point of every series, in memory. Never goes back to an older seq. Any thread; a look-up holds one shard's lock for
/// the length of the visit, so visit quickly. Some 220 bytes per series.
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
        seen(**found);
        return true;
    }

    std::size_t size() const;

private:
    using Entry = std::unique_ptr<CachedPrice const>;
    /// Carries its hash: one computation serves the shard and the bucket.
    struct Key {
        std::string_view symbol;
        std::string_view provider;
        std::size_t hash;

        Key(std::string_view s, std::string_view p) noexcept
            : symbol(s), provider(p), hash(std::hash<std::string_view>{}(s)*31 + std::hash<std::string_view>{}(p)) {}
        explicit Key(Entry const& entry) noexcept : Key(entry->symbol(), entry->provider()) {}
        friend bool operator==(Key const& a, Key const& b) noexcept { return a.symbol == b.symbol && a.provider == b.provider; }
    };
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(Key const& key) const noexcept { return key.hash; }
        std::size_t operator()(Entry const& entry) const noexcept { return Key(entry).hash; }
    };
    struct SameKey {
        using is_transparent = void;
        bool operator()(Entry const& a, Entry const& b) const noexcept { return Key(a) == Key(b); }
        bool operator()(Entry const& a, Key const& b) const noexcept {
            return a->symbol() == b.symbol && a->provider() == b.provider;
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
