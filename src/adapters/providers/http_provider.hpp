#pragma once

#include <adapters/providers/curl_client.hpp>
#include <codec/provider_judge.hpp>
#include <codec/provider_request.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>
#include <support/metrics.hpp>

#include <array>
#include <span>
#include <string>
#include <vector>

namespace mds::providers {

/// What the providers of a process count, by provider.
class ProviderMetrics {
public:
    ProviderMetrics(support::Metrics& metrics, std::string const& provider);
    void count(FetchAnswer const& answer);
    void count_rounded() { rounded_.Increment(); }

private:
    static constexpr std::size_t outcomes = 16;
    std::array<prometheus::Counter*, outcomes> results_{};
    prometheus::Histogram& seconds_;
    prometheus::Counter& bytes_;
    prometheus::Counter& truncated_;
    prometheus::Counter& rounded_;
};

/// The one engine for every provider that is described in the catalogue. Fetch thread only.
class HttpProvider final : public PriceProvider {
public:
    /// Everything passed by reference outlives the provider and its fetches.
    HttpProvider(codec::ProviderEntry entry, CurlClient& http, Clock const& clock, Random& random, support::Metrics& metrics);

    ProviderTraits const& traits() const noexcept override { return traits_; }
    std::string batch_key(Symbol const& symbol) const override;
    Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline) override;

private:
    std::optional<std::chrono::seconds> pause_after(HttpAnswer const& http, codec::Judgement const& judgement, UtcTime at) const;
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
};

}  // namespace mds::providers
