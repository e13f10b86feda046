#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/ingest_store.hpp>
#include <mds/ports/price_cache.hpp>

#include "adapters/redis/options.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <memory>

namespace mds::redis {

/// The shared cache on a Redis server (7 or later, no cluster): one key per series, with an end. A thread of its own does all the
/// talking; reads wait for it `timeout` at most, writers never. While Redis is away, slow or full, reads miss at once and points
/// are dropped: both are counted (mds_redis_*). Outlives everything that calls it; the io_contexts of readers outlive it.
class PriceCache final : public mds::PriceCache, public CommitListener {
public:
    PriceCache(Options options, Random& random, support::Log log, support::Metrics& metrics);
    ~PriceCache() override;

    /// Returns at once, connected or not.
    void start();
    /// What is queued is dropped. False: the thread had to be stopped at the deadline.
    bool drain(SteadyTime deadline) noexcept;
    /// Whether Redis is in use. Any thread.
    bool in_use() const noexcept;

    Awaitable<std::optional<PricePoint>> latest(Series series) override;
    void offer(std::span<PricePoint const> points) noexcept override;
    void committed(std::span<PricePoint const> points) noexcept override { offer(points); }

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mds::redis
