#include "services/fetch_failure.hpp"

#include <utility>

namespace mds {
namespace {

ErrorCode code_of(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::unknown_symbol: return ErrorCode::not_found;
        case Outcome::no_data:  // a zero that means "unknown" was told apart before
        case Outcome::bad_symbol_in_batch:
        case Outcome::batch_too_large:
        case Outcome::bad_request:
        case Outcome::malformed:
        case Outcome::unclassified_error: return ErrorCode::upstream_invalid;
        case Outcome::timeout: return ErrorCode::timeout;
        case Outcome::ok:
        case Outcome::rate_limited:
        case Outcome::quota_exhausted:
        case Outcome::auth:
        case Outcome::entitlement:
        case Outcome::banned:
        case Outcome::blocked:
        case Outcome::unavailable: return ErrorCode::unavailable;
    }
    return ErrorCode::internal;
}

std::string message_of(ProviderTraits const& provider, Symbol const& symbol, Outcome outcome) {
    std::string const who = "provider '" + provider.name + "' ";
    switch (outcome) {
        case Outcome::unknown_symbol: return who + "does not know the symbol " + symbol.str();
        case Outcome::no_data: return who + "has no price of " + symbol.str();
        case Outcome::rate_limited: return who + "is over its rate limit";
        case Outcome::quota_exhausted: return who + "has used up its quota";
        case Outcome::auth: return who + "refused the key";
        case Outcome::entitlement: return who + "does not include " + symbol.str() + " in the plan of this key";
        case Outcome::banned:
        case Outcome::blocked: return who + "has blocked this service";
        case Outcome::timeout: return who + "did not answer in time";
        case Outcome::ok:
        case Outcome::unavailable: return who + "is unavailable";
        case Outcome::malformed: return who + "gave an answer that cannot be read";
        case Outcome::bad_symbol_in_batch:
        case Outcome::batch_too_large:
        case Outcome::bad_request:
        case Outcome::unclassified_error: break;
    }
    return who + "refused the request for " + symbol.str();
}

}  // namespace

FetchFailure failure_of(ProviderTraits const& provider, Symbol const& symbol, Outcome outcome, std::string detail) {
    return FetchFailure(outcome, Error(code_of(outcome), message_of(provider, symbol, outcome), std::move(detail)));
}

FetchFailure missing_key(ProviderTraits const& provider) {
    return FetchFailure(
        Outcome::auth,
        Error(ErrorCode::unavailable, "provider '" + provider.name + "' needs a key in the variable " + provider.missing_secret));
}

}  // namespace mds
