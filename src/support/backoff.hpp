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

/// Equal jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): the upper half of what full jitter takes, since a server
/// that refuses is not to be hammered. `random`: any number, of which all are as likely.
inline std::chrono::milliseconds equal_jitter(int failures, std::chrono::milliseconds base, std::chrono::milliseconds cap,
                                              std::uint64_t random) noexcept {
    auto const half = backoff_bound(failures, base, cap) / 2;
    return half + std::chrono::milliseconds(random % static_cast<std::uint64_t>(half.count() + 1));
}

}  // namespace mds::support
