#pragma once

#include <adapters/providers/directory.hpp>
#include <mds/ports/provider_trials.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace mds::providers {

struct TrialOptions {
    std::chrono::milliseconds deadline{10'000};
    bool private_addresses = false;  ///< may be asked; otherwise see AddressGuard
    long at_once = 8;
};

/// A provider that is known is asked as a poll would ask it, by its quota, its breaker and its key. A definition is asked beside all
/// that and gets no key of the process's own, not even where it names the host of a known provider: whoever writes the rules could
/// find a key that an answer echoes, however it is masked afterwards, by asking what the answer contains.
class Trials final : public ProviderTrials {
public:
    /// What is passed by reference outlives this and its trials.
    Trials(Directory& directory, DirectoryContext const& context, TrialOptions options)
        : directory_(directory), context_(context), options_(options) {}

    Task<TrialAnswer> ask(TrialQuestion question) override;

private:
    Awaitable<TrialAnswer> ask_known(TrialQuestion question, PriceProvider& provider);
    Awaitable<TrialAnswer> ask_defined(TrialQuestion question);
    std::shared_ptr<AddressGuard> guard() const;

    Directory& directory_;
    DirectoryContext context_;
    TrialOptions options_;
    std::shared_ptr<int> const place_ = std::make_shared<int>();  ///< each trial under way has a share in it
};

}  // namespace mds::providers
