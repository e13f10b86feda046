#pragma once

#include <chrono>
#include <cstddef>

namespace mds {

/// A provider's limit on requests: so many within any such time.
struct QuotaWindow {
    std::size_t limit = 1;
    std::chrono::seconds per{1};
    bool per_symbol = false;  ///< each symbol of a request counts, instead of the request

    std::size_t cost(std::size_t symbols) const noexcept { return per_symbol ? symbols : 1; }
    friend bool operator==(QuotaWindow const&, QuotaWindow const&) = default;
};

}  // namespace mds
