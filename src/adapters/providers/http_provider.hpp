#pragma once

#include <adapters/providers/breaker.hpp>
#include <adapters/providers/curl_client.hpp>
#include <adapters/providers/provider_metrics.hpp>
#include <adapters/providers/quota.hpp>
#include <adapters/providers/withheld_symbols.hpp>
#include <codec/provider_judge.hpp>
#include <codec/provider_request.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mds::providers {

/// The one engine for every provider that is described in the catalogue. Fetch thread only.
class HttpProvider final : public PriceProvider {
public:
    /// Everything passed by reference outlives the provider and its fetches. `ledger`: what its quota is counted by; null: nothing.
    HttpProvider(codec::ProviderEntry entry, CurlClient& http, Clock const& clock, Timer& timer, Random& random,
                 support::Metrics& metrics, QuotaLedger* ledger);

    ProviderTraits const& traits() const noexcept override { return traits_; }
    std::string batch_key(Symbol const& symbol) const override;
    Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) override {
        return fetch_guarded(std::move(symbols), deadline, cause, nullptr);
    }
    /// The same, kept to public addresses by a guard.
    Awaitable<FetchAnswer> fetch_guarded(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause,
                                         std::shared_ptr<AddressGuard> guard);
    ProviderCondition condition() const override;
    codec::ProviderEntry const& entry() const noexcept { return entry_; }

private:
    std::optional<std::chrono::seconds> pause_after(HttpAnswer const& http, codec::Judgement const& judgement, UtcTime at) const;
    std::vector<SymbolResult> without_request(std::vector<Symbol>& symbols);
    Awaitable<std::optional<Reject>> turn(std::size_t symbols, SteadyTime deadline, QuotaUse use, FetchAnswer& answer);
    std::optional<Reject> broken();
    Awaitable<void> ask(std::vector<Symbol> symbols, SteadyTime deadline, std::shared_ptr<AddressGuard> guard, FetchAnswer& answer);
    void take(HttpAnswer& http, std::span<Symbol const> symbols, FetchAnswer& answer);
    std::variant<Quote, Reject> numbered(codec::Verdict&& verdict, UtcTime at);

    std::string shown(std::string const& reason) const;

    codec::ProviderEntry const entry_;
    codec::SecretMask const mask_;
    ProviderTraits const traits_;
    CurlClient& http_;
    Clock const& clock_;
    Random& random_;
    ProviderMetrics metrics_;
    Quota quota_;
    Breaker breaker_;
    WithheldSymbols withheld_;
};

}  // namespace mds::providers
