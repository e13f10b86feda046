#pragma once

#include <mds/ports/clock.hpp>

#include "support/backoff.hpp"

#include <chrono>
#include <cstdint>

namespace mds {

/// Full jitter: 0 .. min(cap, base * 2^failures), evenly. Spread out, many retriers do not come back in step
/// (AWS Architecture Blog, "Exponential Backoff And Jitter").
inline std::chrono::milliseconds full_jitter(int failures, std::chrono::milliseconds base, std::chrono::milliseconds cap,
                                             Random& random) noexcept {
    auto const bound = static_cast<std::uint64_t>(support::backoff_bound(failures, base, cap).count());
    return std::chrono::milliseconds(random.next() % (bound + 1));
}

}  // namespace mds
