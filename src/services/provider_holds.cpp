#include "services/provider_holds.hpp"

#include <algorithm>

namespace mds {

/// Where the answer itself does not say how long.
std::chrono::seconds ProviderHolds::pause_after(Outcome outcome) const noexcept {
    switch (outcome) {
        case Outcome::rate_limited: return pauses_.rate_limited;
        case Outcome::quota_exhausted: return pauses_.quota_exhausted;
        case Outcome::banned: return pauses_.banned;
        default: return std::chrono::seconds(0);
    }
}

ProviderHolds::Hold const& ProviderHolds::extend(Holds& holds, std::string const& provider, Hold hold) {
    Hold& held = holds[provider];
    if (held.until < hold.until) held = hold;
    return held;
}

ProviderHolds::Hold const* ProviderHolds::find(Holds const& holds, std::string_view provider, SteadyTime now) {
    auto const found = holds.find(provider);
    return found != holds.end() && found->second.until > now ? &found->second : nullptr;
}

ProviderHolds::Hold const* ProviderHolds::find(std::string_view provider, SteadyTime now, QuotaUse use) const {
    auto const* const all = find(holds_, provider, now);
    auto const* const polls = use == QuotaUse::polls ? find(of_polls_, provider, now) : nullptr;
    if (all == nullptr || polls == nullptr) return all == nullptr ? polls : all;
    return all->until < polls->until ? polls : all;
}

bool ProviderHolds::note(std::string const& provider, FetchAnswer const& answer, SteadyTime now) {
    if (answer.quota_wait) {
        auto& holds = answer.quota_wait->use == QuotaUse::polls ? of_polls_ : holds_;
        extend(holds, provider, Hold{now + answer.quota_wait->wait, Outcome::rate_limited, true});
        return true;
    }
    std::chrono::seconds pause{0};
    Outcome why = Outcome::rate_limited;
    for (auto const& result : answer.results) {
        if (result.reject() == nullptr || pause_after(result.reject()->outcome) <= pause) continue;
        why = result.reject()->outcome;
        pause = pause_after(why);
    }
    if (answer.retry_after) pause = *answer.retry_after;
    if (pause <= std::chrono::seconds(0)) return false;
    auto const& held = hold(provider, now + pause, why);
    if (keeper_) keeper_(provider, held.until);
    return true;
}

void ProviderHolds::recall(std::map<std::string, UtcTime> const& waits, Clock const& clock) {
    auto const now = clock.now();
    for (auto const& [provider, until] : waits) {
        if (until <= now) continue;
        // Never longer than a provider may ask for, should a clock have been wrong.
        auto const left = std::min<std::chrono::microseconds>(until - now, std::chrono::hours(1));
        hold(provider, clock.steady_now() + left, Outcome::rate_limited);
    }
}

std::optional<UtcTime> ProviderHolds::worth_keeping(SteadyTime until, Clock const& clock) {
    auto const left = std::chrono::duration_cast<std::chrono::microseconds>(until - clock.steady_now());
    if (left < least_kept) return std::nullopt;
    return clock.now() + left;
}

}  // namespace mds
