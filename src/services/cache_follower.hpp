#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/event_source.hpp>
#include <mds/ports/price_reads.hpp>

#include "services/latest_cache.hpp"
#include "services/step_retry.hpp"
#include "support/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace mds::support {
class Metrics;
}

namespace mds {

struct CacheFollowerOptions {
    std::int64_t store_epoch = 0;  ///< events of another one say nothing about this store
    std::string topic = "price-events";
    SymbolCase symbol_case = SymbolCase::upper;  ///< of foreign events
    std::size_t max_batch = 1000;
    std::chrono::milliseconds poll_wait{250};
    std::chrono::milliseconds retry_min{50};
    std::chrono::milliseconds retry_max{5'000};
    std::chrono::milliseconds look_min{50};  ///< before the store is asked for the point of a foreign event; then it doubles
    std::chrono::milliseconds look_max{5'000};
    std::chrono::milliseconds patience{60'000};  ///< for such a point: from then on the next event, or `max_age`, makes it good
};

/// Keeps the memory cache at the newest point of every series though other processes commit them: the store once, then every
/// event. A foreign event has no number before a consumer has stored it, so its series is asked for until its point is there.
///
/// A state machine without a thread: call step() again and again, on one thread.
class CacheFollower {
public:
    /// The newest point of one series. Blocking, called on the thread of step().
    using Newest = std::function<Result<std::optional<PricePoint>>(Series const& series)>;

    /// `events` says PartitionsAssigned where it begins, or begins again, and delivers all that comes after. All arguments outlive
    /// it.
    CacheFollower(EventSource& events, LatestPrices& store, Newest newest, LatestCache& cache, Clock& clock, support::Log log,
                  support::Metrics& metrics, CacheFollowerOptions options = {});
    ~CacheFollower();

    /// One step. How long to wait before the next one; 0 mostly, since waiting for events happens inside.
    std::chrono::milliseconds step();

    /// True while store and bus answer. Any thread.
    bool healthy() const noexcept { return retry_.healthy(); }

private:
    struct Counts;
    /// A foreign event whose point was not seen yet.
    struct Wanted {
        Uuid point;
        SteadyTime look_at;
        SteadyTime give_up_at;
        std::chrono::milliseconds pause;
    };

    std::chrono::milliseconds load();
    void take(RecordsRead const& read);
    void take(std::int32_t partition, BusRecord const& record);
    void take(PriceEvent const& event);
    Result<void> look_for_wanted();
    std::chrono::milliseconds poll_wait() const;

    EventSource& events_;
    LatestPrices& store_;
    Newest newest_;
    LatestCache& cache_;
    Clock& clock_;
    support::Log log_;
    CacheFollowerOptions options_;
    std::unique_ptr<Counts> counts_;
    std::map<Series, Wanted> wanted_;
    bool to_load_ = false;
    StepRetry retry_;
};

}  // namespace mds
