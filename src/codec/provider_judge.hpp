#pragma once
// What an answer says. Pure: the same answer gives the same judgement, and nothing but an answer gives a price.

#include <codec/provider_entry.hpp>
#include <mds/domain/observation.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mds::codec {

/// An HTTP answer, whatever its status.
struct ProviderAnswer {
    int status = 0;
    std::string_view content_type;
    std::string_view body;
    bool truncated = false;  ///< the body was cut at the size limit: it cannot be judged, and is `malformed`
};

/// A price before it is given an identifier.
struct JudgedQuote {
    Price price;
    UtcTime timestamp;
    TimeSource time_source = TimeSource::quote;
    std::string currency;
    std::string volume;
    bool rounded = false;  ///< decimals beyond the 18th were dropped

    JudgedQuote(Price p, UtcTime at, TimeSource source) : price(p), timestamp(at), time_source(source) {}
};

/// Bytes of a reason at most; one that is as long was cut.
inline constexpr std::size_t max_reason = 300;

using Verdict = std::variant<JudgedQuote, Reject>;

struct Judgement {
    std::vector<Verdict> verdicts;                    ///< one per symbol asked for, same order
    std::optional<std::chrono::seconds> retry_after;  ///< from the rule that decided; a header of the answer goes before it
};

/// Order: provider error rules, common status rules, success envelope, and per symbol row error rules, row absent, values. The
/// reasons quote the provider's own words, so mask secrets in them before they go anywhere.
Judgement judge(ProviderEntry const& entry, std::span<Symbol const> symbols, ProviderAnswer const& answer, UtcTime received_at);

/// What a status says where no rule of the entry knew better; nullopt for 2xx. A bare 404 says nothing about a symbol.
std::optional<Outcome> outcome_of_status(int status, std::size_t symbols) noexcept;

/// Splits an "unknown symbol in this batch" among its symbols: the one named is unknown, the others were only spoilt by it. A
/// request for a single symbol needs no name.
std::vector<Verdict> blame(std::span<Symbol const> symbols, std::span<SpelledSymbol const> spelled, std::string_view offender,
                           std::string const& reason);

}  // namespace mds::codec
