#pragma once

#include <mds/ports/price_cache.hpp>

#include <map>
#include <mutex>

namespace mds::test {

/// The shared cache in memory, with the port's promises. Any thread.
class MemoryPriceCache final : public PriceCache {
public:
    Awaitable<std::optional<PricePoint>> latest(Series series) override {
        std::lock_guard const lock(mutex_);
        ++reads_;
        auto const found = points_.find(series);
        if (away_ || found == points_.end()) co_return std::nullopt;
        co_return found->second;
    }

    void offer(std::span<PricePoint const> points) noexcept override {
        std::lock_guard const lock(mutex_);
        if (away_) return;
        for (auto const& point : points) {
            auto const [there, is_new] = points_.try_emplace(point.series, point);
            if (!is_new && there->second.seq < point.seq) there->second = point;
        }
    }

    /// Knows nothing and takes nothing, as a server that is down.
    void go_away() {
        std::lock_guard const lock(mutex_);
        away_ = true;
    }
    int reads() const {
        std::lock_guard const lock(mutex_);
        return reads_;
    }
    /// 0: none.
    std::int64_t seq_of(Series const& series) const {
        std::lock_guard const lock(mutex_);
        auto const found = points_.find(series);
        return found == points_.end() ? 0 : found->second.seq;
    }

private:
    mutable std::mutex mutex_;
    bool away_ = false;
    int reads_ = 0;
    std::map<Series, PricePoint> points_;
};

}  // namespace mds::test
