#include <mds/domain/moving_average.hpp>

namespace mds {

namespace {

/// Of 2, 5 or 10 prices, where the mean ends at the last decimal and a price has one decimal less: ten times the sum fits 128 bits,
/// and there is nothing to divide.
Average exact_mean(std::span<Price const> prices) noexcept {
    Int128 units = 0;
    for (Price const price : prices) units += price.units();
    return Average::from_units(units * static_cast<Int128>(10 / prices.size()));
}

}  // namespace

Average mean(std::span<Price const> prices) noexcept {
    if (10 % prices.size() == 0) return exact_mean(prices);
    // 500 prices of 10^36 units do not fit 128 bits, so integer and decimal part are summed apart.
    constexpr Int128 one = 1'000'000'000'000'000'000;
    constexpr Int128 average_one = one * 10;
    Int128 integers = 0;
    Int128 fractions = 0;
    for (Price const price : prices) {
        integers += price.units() / one;
        fractions += price.units() % one;
    }
    auto const count = static_cast<Int128>(prices.size());
    Int128 const rest = integers % count * average_one + fractions * 10;
    Int128 quotient = rest / count;
    Int128 const twice = rest % count * 2;
    // The part that is added below is even, so `quotient` alone tells the parity of the sum.
    if (twice > count || (twice == count && quotient % 2 != 0)) ++quotient;
    return Average::from_units(integers / count * average_one + quotient);
}

MovingWindow::MovingWindow(int period) : period_(static_cast<std::size_t>(period)) {
    prices_.reserve(period_);
}

bool MovingWindow::push(Price price) {
    if (prices_.size() < period_) {
        prices_.push_back(price);
    } else {
        prices_[oldest_] = price;
        oldest_ = (oldest_ + 1) % period_;
    }
    return prices_.size() == period_;
}

Average MovingWindow::average() const noexcept {
    return mean(prices_);
}

}  // namespace mds
