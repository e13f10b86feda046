#pragma once

#include <adapters/providers/curl_client.hpp>
#include <adapters/providers/simulated_provider.hpp>
#include <codec/provider_catalogue.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/quota_ledger.hpp>
#include <support/metrics.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mds::providers {

/// config/providers.json as it was when this binary was built, to be given to codec::read_catalogue() before any other text.
codec::CatalogueText shipped_catalogue();

/// What providers stand on. All of it outlives the Directory.
struct DirectoryContext {
    IoExecutor executor;  ///< of the fetch thread
    Clock const& clock;
    Timer& timer;         ///< of the fetch thread
    Random& random;
    support::Metrics& metrics;
    QuotaLedger* quotas = nullptr;  ///< none: nobody counts what is spent
};

/// All providers of the process. Destroy it after the fetch thread has ended and before its io_context goes.
class Directory final : public ProviderDirectory {
public:
    Directory(codec::Catalogue catalogue, std::vector<SimulatedOptions> simulated, HttpOptions http, DirectoryContext const& context);

    PriceProvider* find(std::string_view name) const noexcept override;
    /// Without aliases, ascending.
    std::vector<std::string> names() const override;
    /// Those of the catalogue, by name.
    std::vector<HttpProvider*> const& of_catalogue() const noexcept { return of_catalogue_; }
    CurlClient& http() noexcept { return http_; }
    /// Ends requests under way and refuses later ones. Any thread; does not block.
    void interrupt() noexcept { http_.interrupt(); }

private:
    CurlClient http_;
    std::vector<std::unique_ptr<PriceProvider>> providers_;
    std::vector<HttpProvider*> of_catalogue_;
    std::map<std::string, PriceProvider*, std::less<>> by_name_;  ///< names and aliases
};

}  // namespace mds::providers
