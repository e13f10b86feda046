#pragma once

#include <mds/domain/decimal.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace mds {

/// The window that is stored for every series.
inline constexpr int stored_period = 5;
inline constexpr int min_period = 2;
inline constexpr int max_period = 500;

/// Exact arithmetic mean of 1-500 prices at 19 decimals, rounded half to even where it does not end there (never for five).
Average mean(std::span<Price const> prices) noexcept;

/// The last `period` prices of one series in `seq` order. Feed each point once; from the period-th on each yields an average.
/// Not thread-safe. 16 bytes per price once full.
class MovingWindow {
public:
    explicit MovingWindow(int period = stored_period);

    /// Adds the next price. True once `average()` may be asked for.
    bool push(Price price);
    /// Precondition: at least `period` prices were pushed.
    Average average() const noexcept;
    std::size_t size() const noexcept { return prices_.size(); }

private:
    std::size_t period_;
    std::size_t oldest_ = 0;
    std::vector<Price> prices_;
};

}  // namespace mds
