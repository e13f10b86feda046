#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/provider_trials.hpp>

#include "services/provider_holds.hpp"

#include <optional>
#include <string>

namespace mds {

/// A provider as operators want to see it. Times are of the wall clock.
struct ProviderStatus {
    struct Stop {
        Outcome why = Outcome::unavailable;
        UtcTime until;
    };
    ProviderTraits traits;
    ProviderCondition condition;
    std::optional<Stop> breaker;   ///< open; past `until` a single request finds out
    std::optional<Stop> hold;      ///< it asked to be left alone
};

/// What people ask about providers, answered on the fetch thread. Any thread; outlives its answers.
class ProviderDesk {
public:
    /// What is passed by reference outlives this.
    ProviderDesk(ProviderDirectory const& providers, ProviderTrials& trials, ProviderHolds& holds, Clock const& clock,
                 IoExecutor fetch_thread)
        : providers_(providers), trials_(trials), holds_(holds), clock_(clock), fetch_thread_(fetch_thread) {}

    /// By name or alias. not_found: there is none.
    Task<ProviderStatus> look(std::string name);
    /// One request by ProviderTrials, with the same respect for what the provider asked for as a poll has. invalid_argument: there is no
    /// provider of that name; unavailable: it has no key, wants to be left alone, or too many ask.
    Task<TrialAnswer> try_out(TrialQuestion question);

private:
    Awaitable<ProviderStatus> status(PriceProvider const& provider) const;
    Task<TrialAnswer> ask(TrialQuestion question);
    std::optional<Error> refusal(TrialQuestion const& question) const;
    UtcTime utc(SteadyTime time) const;

    ProviderDirectory const& providers_;
    ProviderTrials& trials_;
    ProviderHolds& holds_;
    Clock const& clock_;
    IoExecutor fetch_thread_;
};

}  // namespace mds
