#include <adapters/providers/quota.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

SteadyTime::duration stretched(std::chrono::seconds per) {
    return per + std::min<SteadyTime::duration>(std::chrono::seconds(1), SteadyTime::duration(per) / 20);
}

constexpr int grains = 1000;  // of a window: what is nearer is one entry, so that large limits take no more memory

}  // namespace

Quota::Quota(std::span<QuotaWindow const> windows) {
    for (auto const& rule : windows) windows_.push_back({rule, stretched(rule.per), {}, 0});
}

SteadyTime Quota::free_at(Window const& window, std::size_t cost, SteadyTime now) {
    std::size_t used = window.sum;
    SteadyTime at = now;
    for (auto entry = window.taken.begin(); entry != window.taken.end() && used + cost > window.rule.limit; ++entry) {
        at = std::max(at, entry->first + window.span);
        used -= entry->second;
    }
    return at;
}

void Quota::forget(Window& window, SteadyTime now) {
    while (!window.taken.empty() && window.taken.front().first + window.span <= now) {
        window.sum -= window.taken.front().second;
        window.taken.pop_front();
    }
}

SteadyTime Quota::earliest(std::size_t symbols, SteadyTime now) const {
    auto at = std::max(now, last_);
    for (auto const& window : windows_) at = std::max(at, free_at(window, window.rule.cost(symbols), now));
    return at;
}

std::vector<std::size_t> Quota::left(SteadyTime now) const {
    std::vector<std::size_t> left;
    for (auto const& window : windows_) {
        auto used = window.sum;
        for (auto const& [at, cost] : window.taken) {
            if (at + window.span <= now) used -= cost;
        }
        left.push_back(window.rule.limit - std::min(used, window.rule.limit));
    }
    return left;
}

std::optional<SteadyTime> Quota::take(std::size_t symbols, SteadyTime now, SteadyTime latest) {
    for (auto& window : windows_) forget(window, now);
    auto const at = windows_.empty() ? now : earliest(symbols, now);
    if (at > now && at > latest) return std::nullopt;
    for (auto& window : windows_) {
        auto const cost = window.rule.cost(symbols);
        window.sum += cost;
        bool const near = !window.taken.empty() && at - window.taken.back().first < window.span / grains;
        if (near && window.rule.limit > grains) {
            window.taken.back().first = at;
            window.taken.back().second += cost;
        } else {
            window.taken.emplace_back(at, cost);
        }
    }
    last_ = at;
    return at;
}

}  // namespace mds::providers
