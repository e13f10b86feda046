#include "adapters/clock/system_clock.hpp"

namespace mds::clock {

UtcTime SystemClock::now() const noexcept {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const noexcept {
    return std::chrono::steady_clock::now();
}

}  // namespace mds::clock
