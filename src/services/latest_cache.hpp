#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/ingest_store.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mds {

/// The newest point of a series with its answer prebuilt: the contract's four keys, no trailing newline.
struct CachedPrice {
    PricePoint point;
    std::string body;
};

/// The newest point of every series, in memory. Never goes back to an older seq. Any thread; a look-up holds one shard's lock for the
/// length of the visit, so visit quickly.
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
        Shard const& shard = shard_of(symbol, provider);
        std::shared_lock const lock(shard.mutex);
        CachedPrice const* const found = shard.find(symbol, provider);
        if (found == nullptr) return false;
        seen(*found);
        return true;
    }

    std::size_t size() const;

private:
    struct Key {
        std::string_view symbol;
        std::string_view provider;
        friend bool operator==(Key const&, Key const&) = default;
    };
    struct KeyHash {
        std::size_t operator()(Key const& key) const noexcept;
    };
    struct Shard {
        mutable std::shared_mutex mutex;
        std::unordered_map<Key, std::unique_ptr<CachedPrice>, KeyHash> prices;  ///< keys view into the values
        CachedPrice const* find(std::string_view symbol, std::string_view provider) const;
    };
    static constexpr std::size_t shard_count = 64;

    Shard const& shard_of(std::string_view symbol, std::string_view provider) const noexcept;
    std::unique_ptr<std::array<Shard, shard_count>> shards_;
};

}  // namespace mds
