#pragma once

#include <mds/domain/observation.hpp>

#include "adapters/redis/counts.hpp"
#include "adapters/redis/options.hpp"
#include "adapters/redis/session.hpp"
#include "support/within.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace mds::redis {

/// Points on their way to the server: a bounded queue, and one batch at a time under way, which is all the back-pressure there is.
class PointWriter {
public:
    PointWriter(IoExecutor executor, Options const& options, Session& session, Counts& counts);

    /// Any thread.
    void offer(std::span<PricePoint const> points) noexcept;
    /// Writes what waits, or drops it where nobody listens. I/O thread.
    void write_on();
    void stop() noexcept { limit_.cancel(); }

private:
    std::vector<PricePoint> next_batch();
    void send(std::vector<PricePoint> const& batch);
    void limit_time();
    void settle(std::size_t size, redisReply const* reply);

    IoExecutor executor_;
    Options const& options_;
    Session& session_;
    Counts& counts_;
    support::AsioTimer limit_;
    bool under_way_ = false;

    std::mutex mutex_;
    std::vector<PricePoint> queue_;
    bool woken_ = false;
};

}  // namespace mds::redis
