#pragma once

#include <mds/domain/outcome.hpp>

#include <algorithm>
#include <chrono>

namespace mds {

/// Bounds of an exponential back-off with full jitter (support/backoff.hpp).
struct BackOffPolicy {
    std::chrono::milliseconds base{1000};
    std::chrono::milliseconds cap{60'000};
};

/// Trying the same provider again soon may help.
constexpr bool is_retriable(Outcome outcome) noexcept {
    return outcome == Outcome::unavailable || outcome == Outcome::timeout || outcome == Outcome::rate_limited;
}

/// Asking again at every tick is pointless or rude, so the group backs off. A symbol without a price is no such case: it may have one
/// at the next tick.
constexpr bool calls_for_back_off(Outcome outcome) noexcept {
    return outcome != Outcome::ok && outcome != Outcome::no_data;
}

/// Keeps repeats to a share of all requests, so that a sick provider is not hit harder than a healthy one.
class RetryBudget {
public:
    /// `share`: repeats per request; `burst`: how many may be saved up.
    explicit RetryBudget(double share = 0.1, double burst = 100) noexcept : share_(share), burst_(burst), saved_(burst / 10) {}
    void request() noexcept { saved_ = std::min(burst_, saved_ + share_); }
    bool take() noexcept {
        if (saved_ < 1) return false;
        saved_ -= 1;
        return true;
    }

private:
    double share_;
    double burst_;
    double saved_;
};

}  // namespace mds
