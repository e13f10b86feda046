#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mds::support {

/// base * 2^failures, at most `cap`.
inline std::chrono::milliseconds backoff_bound(int failures, std::chrono::milliseconds base,
                                               std::chrono::milliseconds cap) noexcept {
    return std::min(std::chrono::milliseconds(base.count() << std::clamp(failures, 0, 20)), cap);
}

/// Full jitter: 0 .. bound, evenly. Spread out, many retriers do not come back in step (AWS Architecture Blog, "Exponential Backoff
/// And Jitter"). `random`: any number, of which all are as likely.
inline std::chrono::milliseconds full_jitter(int failures, std::chrono::milliseconds base, std::chrono::milliseconds cap,
                                             std::uint64_t random) noexcept {
    auto const bound = static_cast<std::uint64_t>(backoff_bound(failures, base, cap).count());
    return std::chrono::milliseconds(random % (bound + 1));
}

/// Equal jitter (the same article): the upper half of what full jitter takes, since a server that refuses is not to be hammered.
inline std::chrono::milliseconds equal_jitter(int failures, std::chrono::milliseconds base, std::chrono::milliseconds cap,
                                              std::uint64_t random) noexcept {
    auto const half = backoff_bound(failures, base, cap) / 2;
    return half + std::chrono::milliseconds(random % static_cast<std::uint64_t>(half.count() + 1));
}

}  // namespace mds::support
