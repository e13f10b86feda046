#pragma once

#include <mds/domain/error.hpp>
#include <mds/domain/outcome.hpp>
#include <mds/domain/symbol.hpp>
#include <mds/ports/provider.hpp>

#include <string>

namespace mds {

/// Why a provider gave no price, as the ledger and as the client hear it.
struct FetchFailure {
    Outcome outcome = Outcome::unavailable;
    Error error;

    FetchFailure(Outcome o, Error e) : outcome(o), error(std::move(e)) {}
};

/// What a client is told of a provider's reject. not_found: there is no such symbol. `detail` (for the log) is the reject's reason.
FetchFailure failure_of(ProviderTraits const& provider, Symbol const& symbol, Outcome outcome, std::string detail);

/// A provider whose key is missing: names the variable that it needs.
FetchFailure missing_key(ProviderTraits const& provider);

}  // namespace mds
