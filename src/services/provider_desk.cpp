#include "services/provider_desk.hpp"

#include "services/fetch_failure.hpp"
#include "services/unknown_provider.hpp"
#include "support/offload.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mds {

Task<ProviderStatus> ProviderDesk::look(std::string name) {
    auto const* const provider = providers_.find(name);
    if (provider == nullptr) {
        auto error = unknown_provider(name, providers_);
        error.code = ErrorCode::not_found;
        co_return error;
    }
    co_return co_await support::run_on(fetch_thread_, status(*provider));
}

Awaitable<ProviderStatus> ProviderDesk::status(PriceProvider const& provider) const {
    ProviderStatus status;
    status.traits = provider.traits();
    status.condition = provider.condition();
    if (auto const& breaker = status.condition.breaker) status.breaker = ProviderStatus::Stop{breaker->why, utc(breaker->until)};
    auto const* const hold = holds_.find(status.traits.name, clock_.steady_now(), QuotaUse::reads);
    if (hold != nullptr) status.hold = ProviderStatus::Stop{hold->outcome, utc(hold->until)};
    co_return status;
}

Task<TrialAnswer> ProviderDesk::try_out(TrialQuestion question) {
    co_return co_await support::run_on(fetch_thread_, ask(std::move(question)));
}

Task<TrialAnswer> ProviderDesk::ask(TrialQuestion question) {
    if (auto refused = refusal(question)) co_return std::move(*refused);
    auto const* const provider = providers_.find(question.provider);
    auto const name = provider == nullptr ? std::string() : provider->traits().name;
    auto answer = co_await trials_.ask(std::move(question));
    if (answer && provider != nullptr) holds_.note(name, answer->answer, clock_.steady_now());
    co_return answer;
}

/// Why a provider that is named is not asked.
std::optional<Error> ProviderDesk::refusal(TrialQuestion const& question) const {
    if (question.provider.empty()) return std::nullopt;
    auto const* const provider = providers_.find(question.provider);
    if (provider == nullptr) return unknown_provider(question.provider, providers_);
    auto const& traits = provider->traits();
    if (!traits.missing_secret.empty()) return missing_key(traits).error;
    auto const now = clock_.steady_now();
    auto const* const hold = holds_.find(traits.name, now, QuotaUse::reads);
    if (hold == nullptr) return std::nullopt;
    auto error = failure_of(traits, question.symbols.front(), hold->outcome, "asked to wait").error;
    error.retry_after = std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(hold->until - now));
    return error;
}

UtcTime ProviderDesk::utc(SteadyTime time) const {
    return clock_.now() + std::chrono::floor<std::chrono::microseconds>(time - clock_.steady_now());
}

}  // namespace mds
