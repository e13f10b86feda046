#pragma once

#include <mds/domain/observation.hpp>
#include <mds/ports/task.hpp>

#include <optional>
#include <span>

namespace mds {

/// The newest prices in a place that several processes share, in front of the store. Never the only copy, so it has no errors:
/// whatever is wrong with it is a miss, and costs latency at most.
class PriceCache {
public:
    virtual ~PriceCache() = default;
    /// The newest point of the series that the cache knows. None: it knows none, is away, or did not answer within its own time
    /// limit. Any I/O thread; resumes there.
    virtual Awaitable<std::optional<PricePoint>> latest(Series series) = 0;
    /// Makes each point its series' newest, unless a newer one (by seq) is there. Never blocks: points that cannot be sent are
    /// dropped and counted. Any thread.
    virtual void offer(std::span<PricePoint const> points) noexcept = 0;
};

}  // namespace mds
