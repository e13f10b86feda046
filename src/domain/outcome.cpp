#include <mds/domain/outcome.hpp>

namespace mds {

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::ok: return "ok";
        case Outcome::unknown_symbol: return "unknown_symbol";
        case Outcome::bad_symbol_in_batch: return "bad_symbol_in_batch";
        case Outcome::batch_too_large: return "batch_too_large";
        case Outcome::rate_limited: return "rate_limited";
        case Outcome::quota_exhausted: return "quota_exhausted";
        case Outcome::auth: return "auth";
        case Outcome::entitlement: return "entitlement";
        case Outcome::bad_request: return "bad_request";
        case Outcome::banned: return "banned";
        case Outcome::blocked: return "blocked";
        case Outcome::unavailable: return "unavailable";
        case Outcome::timeout: return "timeout";
        case Outcome::no_data: return "no_data";
        case Outcome::malformed: return "malformed";
        case Outcome::unclassified_error: return "unclassified_error";
    }
    return "unclassified_error";
}

std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
    for (int i = 0; i <= static_cast<int>(Outcome::unclassified_error); ++i) {
        auto const outcome = static_cast<Outcome>(i);
        if (to_string(outcome) == text) return outcome;
    }
    return std::nullopt;
}

std::string_view to_string(MissedReason reason) noexcept {
    switch (reason) {
        case MissedReason::overrun: return "overrun";
        case MissedReason::down_time: return "down_time";
        case MissedReason::store_down: return "store_down";
        case MissedReason::clock_jump: return "clock_jump";
        case MissedReason::provider_wait: return "provider_wait";
        case MissedReason::quota: return "quota";
        case MissedReason::lease_lost: return "lease_lost";
    }
    return "down_time";
}

}  // namespace mds
