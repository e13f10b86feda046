#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mds::http {

inline constexpr std::array<int, 20> counted_statuses{200, 202, 204, 304, 400, 404, 405, 408, 409, 413,
                                                      414, 415, 422, 431, 500, 502, 503, 504, 505, 0};
inline constexpr std::array<double, 13> duration_bounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                        0.01,    0.025,  0.05,    0.1,    1,     10};

/// Counts of one I/O thread. One thread writes, without a locked instruction; a scrape reads.
class RequestCounts {
public:
    explicit RequestCounts(std::size_t routes) : routes_(routes) {}

    /// `times` answers that took `each`.
    void answered(std::size_t route, int status, std::chrono::nanoseconds each, std::uint64_t times = 1) noexcept;

    struct Cell {
        std::atomic<std::uint64_t> value{0};
        void add(std::uint64_t n) noexcept { value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
        std::uint64_t get() const noexcept { return value.load(std::memory_order_relaxed); }
    };
    struct Route {
        std::array<Cell, counted_statuses.size()> by_status;
        std::array<Cell, duration_bounds.size() + 1> by_duration;
        Cell nanoseconds;
    };
    std::vector<Route> const& routes() const noexcept { return routes_; }

    Cell connections_opened;
    Cell connections_closed;
    Cell connections_refused;  ///< over a cap, or no file descriptor left
    Cell accept_pauses;
    Cell deadlines_passed;     ///< cut: header, body, answer or write not done in time

private:
    std::vector<Route> routes_;
};

/// Sums the threads up for a scrape.
class RequestCollector final : public prometheus::Collectable {
public:
    RequestCollector(std::vector<std::string> route_names, std::vector<std::shared_ptr<RequestCounts>> threads)
        : route_names_(std::move(route_names)), threads_(std::move(threads)) {}
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    prometheus::MetricFamily requests() const;
    prometheus::MetricFamily durations() const;
    std::uint64_t sum(RequestCounts::Cell RequestCounts::*cell) const;

    std::vector<std::string> route_names_;
    std::vector<std::shared_ptr<RequestCounts>> threads_;
};

}  // namespace mds::http
