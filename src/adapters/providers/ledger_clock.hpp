#pragma once

#include <mds/domain/time.hpp>

#include <algorithm>
#include <chrono>

namespace mds::providers {

/// What a process knows of the clock of a ledger elsewhere: each answer that bears its time bounds the difference to the clock
/// here, and the bounds of several answers together are narrower than those of the quickest one alone. No clock of its own; one
/// thread.
class LedgerClock {
public:
    using Duration = SteadyTime::duration;

    /// Asked and answered by the clock here, in between it was `there`.
    void seen(SteadyTime asked, UtcTime there, SteadyTime answered) {
        Duration const least = asked.time_since_epoch() - there.time_since_epoch();
        Duration const most = answered.time_since_epoch() - there.time_since_epoch();
        auto const drift = (answered - last_) / fastest_drift;
        least_ = std::max(least, least_ - drift);
        most_ = std::min(most, most_ + drift);
        if (!known_ || least_ > most_) {  // the first answer, or a clock was set
            least_ = least;
            most_ = most;
        }
        known_ = true;
        last_ = answered;
    }
    /// From here on it is certainly `there`, or later.
    SteadyTime surely_from(UtcTime there) const noexcept { return SteadyTime(there.time_since_epoch() + most_); }
    /// Up to here it is certainly `there`, or earlier.
    SteadyTime surely_until(UtcTime there) const noexcept { return SteadyTime(there.time_since_epoch() + least_); }
    /// How wide the bounds are.
    Duration uncertainty() const noexcept { return most_ - least_; }

private:
    static constexpr int fastest_drift = 2000;  ///< 500 parts per million: the most that NTP turns a clock by

    bool known_ = false;
    Duration least_{};
    Duration most_{};
    SteadyTime last_{};
};

}  // namespace mds::providers
