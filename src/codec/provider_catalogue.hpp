#pragma once
// The catalogue of providers: JSON -> entries, everything checked before anything is asked.

#include <codec/provider_entry.hpp>

#include <boost/system/result.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mds::codec {

/// One source of entries: the shipped file, a user's file, or overrides of the configuration. `origin` names it in messages.
struct CatalogueText {
    std::string origin;
    std::string text;
};

/// What is wrong, and where: "providers.finnhub.values.time.as".
struct CatalogueProblem {
    std::string path;
    std::string message;
};

struct Catalogue {
    std::vector<ProviderEntry> providers;  ///< by name, ascending; no name or alias occurs twice
};

/// The environment, as a function so that tests have their own.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string const& variable)>;
using CatalogueResult = boost::system::result<Catalogue, std::vector<CatalogueProblem>>;

/// Reads all texts and merges each over those before it (objects by key, anything else replaced, null removes: RFC 7396), so that
/// {"providers": {"coinbase": {"base_url": "http://127.0.0.1:9000"}}} changes nothing else. Either every entry is right, or all
/// problems are told at once. A variable that is not set is no problem: the provider is listed as lacking it.
CatalogueResult read_catalogue(std::span<CatalogueText const> texts, EnvironmentLookup const& environment);

}  // namespace mds::codec
