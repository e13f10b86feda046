#pragma once
// What people are shown of a judgement, as JSON.

#include <codec/provider_entry.hpp>
#include <mds/domain/observation.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mds::codec {

/// {"symbol","outcome","price","timestamp","time_source","volume"}: a price and a volume as numbers, null where there is none.
/// `time_source` is quote, also where the provider gives a day only, or receive. `symbol` stands there as the caller wrote it.
void append_verdict(std::string& out, std::string_view symbol, std::variant<Quote, Reject> const& verdict);

/// What came of asking a provider once.
struct Trial {
    std::optional<RawAnswer> answer;
    std::vector<SymbolResult> results;
    std::chrono::microseconds duration{0};
};

/// The request with its secrets masked, status and body of the answer, and per symbol what append_verdict() says, with the reason of a
/// reject. `entry` is null where the provider is asked without HTTP.
void append_trial(std::string& out, std::string_view provider, ProviderEntry const* entry, Trial const& trial);

}  // namespace mds::codec
