#pragma once

#include <adapters/providers/http_provider.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>
#include <support/metrics.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace mds::providers {

/// From `start` up to `end`, exclusive.
struct FailWindow {
    UtcTime start;
    UtcTime end;
};

struct SimulatedOptions {
    std::string name = "simulated";
    std::uint64_t seed = 1;
    std::size_t batch_max = 500;
    std::chrono::milliseconds step{100};      ///< the price moves and the quote time advances in such steps
    std::chrono::milliseconds latency{0};
    std::chrono::milliseconds jitter{0};      ///< up to so much more, by seed, symbol and time
    int failures_per_mille = 0;               ///< requests that end in `unavailable`, by seed, symbol and time
    std::set<std::string, std::less<>> unknown;  ///< symbols that it says it does not know
    std::vector<FailWindow> fail;             ///< while it is away altogether
};

/// Prices without key or network: a pure function of seed, symbol and time. Fetch thread only.
class SimulatedProvider final : public PriceProvider {
public:
    /// Everything passed by reference outlives the provider and its fetches.
    SimulatedProvider(SimulatedOptions options, Clock const& clock, Timer& timer, Random& random, support::Metrics& metrics);

    ProviderTraits const& traits() const noexcept override { return traits_; }
    Awaitable<FetchAnswer> fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) override;
    ProviderCondition condition() const override;

private:
    std::chrono::microseconds delay(Symbol const& first, UtcTime at) const noexcept;
    bool fails(Symbol const& first, UtcTime at) const noexcept;
    void quote_all(std::vector<Symbol> const& symbols, FetchAnswer& answer);

    SimulatedOptions const options_;
    ProviderTraits const traits_;
    Clock const& clock_;
    Timer& timer_;
    Random& random_;
    ProviderMetrics metrics_;
};

}  // namespace mds::providers
