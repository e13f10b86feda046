#include "services/provider_gate.hpp"

#include <algorithm>

namespace mds {

void ProviderGate::request(std::string const& provider, SteadyTime now, SteadyTime give_up, Go go) {
    now_ = std::max(now_, now);
    State& state = states_[provider];
    if (state.waiting.empty() && open(provider, state, now_)) return go(take(provider, state));
    if (closed_) return go(Slot());
    auto const number = next_number_++;
    deadlines_.emplace(std::pair(give_up, number), &state);
    state.waiting.emplace(number, Waiter{give_up, std::move(go)});
}

ProviderGate::Slot ProviderGate::take(std::string const& provider, State& state) {
    Slot slot(*this, provider);
    ++state.in_flight;
    ++in_flight_;
    return slot;
}

void ProviderGate::release(std::string const& provider) {
    State& state = states_[provider];
    --state.in_flight;
    --in_flight_;
    admit(provider, state);
}

void ProviderGate::admit(std::string const& provider, State& state) {
    // `go` may come back to this gate, so each waiter is out of the books before it is called.
    while (!state.waiting.empty() && open(provider, state, now_)) {
        auto const first = state.waiting.begin();
        Go const go = std::move(first->second.go);
        deadlines_.erase(std::pair(first->second.give_up, first->first));
        state.waiting.erase(first);
        go(take(provider, state));
    }
}

void ProviderGate::advance(SteadyTime now) {
    now_ = std::max(now_, now);
    while (!deadlines_.empty() && (closed_ || deadlines_.begin()->first.first <= now_)) {
        auto const first = deadlines_.begin();
        auto const waiter = first->second->waiting.find(first->first.second);
        Go const go = std::move(waiter->second.go);
        first->second->waiting.erase(waiter);
        deadlines_.erase(first);
        go(Slot());
    }
    for (auto& [name, state] : states_) admit(name, state);
}

void ProviderGate::close() {
    closed_ = true;
    advance(now_);
}

void ProviderGate::abandon() noexcept {
    deadlines_.clear();
    for (auto& [name, state] : states_) auto const dropped = std::exchange(state.waiting, {});
}

std::optional<SteadyTime> ProviderGate::next_wake() const {
    if (deadlines_.empty()) return std::nullopt;
    SteadyTime wake = deadlines_.begin()->first.first;
    for (auto const& [name, state] : states_) {
        if (state.waiting.empty() || state.in_flight >= cap_) continue;
        auto const* const hold = holds_.find(name, SteadyTime::min(), QuotaUse::polls);
        wake = std::min(wake, hold == nullptr ? SteadyTime::min() : hold->until);
    }
    return wake;
}

}  // namespace mds
