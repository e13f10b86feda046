#include "services/provider_holds.hpp"

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

bool ProviderHolds::note(std::string const& provider, FetchAnswer const& answer, SteadyTime now) {
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

}  // namespace mds
