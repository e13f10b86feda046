#pragma once

#include <mds/domain/quota.hpp>
#include <mds/domain/time.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace mds::providers {

/// When the next request may be sent, so that no window of the provider's, wherever it begins, ever holds more than its limit. First
/// come, first served. A window is taken a twentieth longer than it is (one second at most): requests do not arrive as evenly as they
/// are sent. No clock of its own; one thread.
class Quota {
public:
    explicit Quota(std::span<QuotaWindow const> windows);

    /// The time at which a request for so many symbols may be sent, now or later; it is then taken. nullopt, and nothing is taken:
    /// not before `latest`. Precondition: no window costs more than its limit.
    std::optional<SteadyTime> take(std::size_t symbols, SteadyTime now, SteadyTime latest);
    /// When it could be sent at the earliest.
    SteadyTime earliest(std::size_t symbols, SteadyTime now) const;
    /// What each window still holds, in the order in which they were given.
    std::vector<std::size_t> left(SteadyTime now) const;

private:
    struct Window {
        QuotaWindow rule;
        SteadyTime::duration span;
        std::deque<std::pair<SteadyTime, std::size_t>> taken;  ///< when and how much, ascending; neighbours are merged, to the later
        std::size_t sum = 0;
    };
    static SteadyTime free_at(Window const& window, std::size_t cost, SteadyTime now);
    static void forget(Window& window, SteadyTime now);

    std::vector<Window> windows_;
    SteadyTime last_{};
};

}  // namespace mds::providers
