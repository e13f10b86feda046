#include <adapters/providers/breaker.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

/// The outcome of all, where they have one and the same.
std::optional<Outcome> common_outcome(std::span<SymbolResult const> results) {
    std::optional<Outcome> common;
    for (auto const& result : results) {
        auto const outcome = result.quote() != nullptr ? Outcome::ok : result.reject()->outcome;
        if (common && *common != outcome) return std::nullopt;
        common = outcome;
    }
    return common;
}

}  // namespace

std::optional<Outcome> Breaker::refusal(SteadyTime now) const {
    if (pause_.count() > 0 && (is_open(now) || probing_)) return why_;
    return std::nullopt;
}

void Breaker::ended(std::span<SymbolResult const> results, SteadyTime now) {
    probing_ = false;
    auto const outcome = common_outcome(results);
    if (outcome == Outcome::auth || outcome == Outcome::banned) {
        return open(*outcome, options_.first_stop, options_.longest_stop, now);
    }
    if (outcome != Outcome::unavailable && outcome != Outcome::timeout) {
        failures_ = 0;
        pause_ = {};
        until_ = {};
        return;
    }
    if (++failures_ >= options_.failures || pause_.count() > 0) open(*outcome, options_.first_pause, options_.longest_pause, now);
}

void Breaker::open(Outcome why, std::chrono::milliseconds first, std::chrono::milliseconds longest, SteadyTime now) {
    // Those that were under way when it opened say nothing new.
    if (is_open(now)) return;
    pause_ = pause_.count() == 0 || why != why_ ? first : std::min(longest, pause_ * 2);
    why_ = why;
    until_ = now + pause_;
}

}  // namespace mds::providers
