#pragma once

#include <optional>
#include <string_view>

namespace mds {

/// How the asking for one symbol ended. Each drives an action (retry, stop the symbol, stop the provider, split the batch), so they
/// are never merged. The texts of to_string() stand in tables, metrics and answers: they do not change.
enum class Outcome {
    ok,
    unknown_symbol,       ///< the provider says that it does not know the symbol
    bad_symbol_in_batch,  ///< one symbol, named or not, spoilt the whole request
    batch_too_large,
    rate_limited,         ///< too fast: wait, then the same again
    quota_exhausted,      ///< the budget of a longer window is gone
    auth,                 ///< key missing or refused
    entitlement,          ///< key good, plan does not include it
    bad_request,          ///< the provider did not understand us: the catalogue entry is wrong
    banned,
    blocked,              ///< geo-block, bot check, web application firewall
    unavailable,          ///< connection failed or 5xx
    timeout,              ///< no complete answer within the deadline
    no_data,              ///< known symbol, no usable price (absent, null, zero, negative, out of range, not a number)
    malformed,            ///< not the shape that the catalogue entry describes, or over the size limit
    unclassified_error,   ///< an error by the envelope, of no known class
};

std::string_view to_string(Outcome outcome) noexcept;
std::optional<Outcome> parse_outcome(std::string_view text) noexcept;

/// Why a due tick was not tried at all.
enum class MissedReason {
    overrun,        ///< the fetch before it was still under way
    down_time,      ///< no poller was running
    store_down,     ///< answers could not be stored, so none were fetched
    clock_jump,     ///< the wall clock was moved
    provider_wait,  ///< Retry-After, back-off, open breaker or missing key forbade it
    lease_lost,
    quota,  ///< what polls may spend of the provider's quota was spent, or not to be had from the store
};

std::string_view to_string(MissedReason reason) noexcept;

}  // namespace mds
