#pragma once

#include <mds/domain/observation.hpp>
#include <mds/domain/outcome.hpp>
#include <mds/domain/time.hpp>
#include <mds/ports/provider.hpp>

#include <chrono>
#include <optional>
#include <span>

namespace mds::providers {

struct BreakerOptions {
    int failures = 5;  ///< requests in a row without an answer that open it
    std::chrono::milliseconds first_pause{1000};
    std::chrono::milliseconds longest_pause{10'000};
    std::chrono::milliseconds first_stop{5000};  ///< after a key that was refused, or a ban
    std::chrono::milliseconds longest_stop{300'000};
};

/// Keeps requests from a provider that does not answer, refuses the key or has banned us; then a single one finds out whether that has
/// changed, and each that finds it has not doubles the pause. Forgotten with the process: a new key is tried at once. One thread.
class Breaker {
public:
    explicit Breaker(BreakerOptions options = {}) : options_(options) {}

    /// Why nothing may be sent, or nullopt: then send, and tell ended() in any case.
    std::optional<Outcome> refusal(SteadyTime now) const;
    void started() noexcept { probing_ = pause_.count() > 0; }
    /// It was not sent after all.
    void called_off() noexcept { probing_ = false; }
    /// What came of a request that was sent.
    void ended(std::span<SymbolResult const> results, SteadyTime now);

    bool is_open(SteadyTime now) const noexcept { return now < until_; }
    std::optional<ProviderCondition::Breaker> state() const {
        if (pause_.count() == 0) return std::nullopt;
        return ProviderCondition::Breaker{why_, until_};
    }

private:
    void open(Outcome why, std::chrono::milliseconds first, std::chrono::milliseconds longest, SteadyTime now);

    BreakerOptions options_;
    int failures_ = 0;
    bool probing_ = false;
    Outcome why_ = Outcome::unavailable;
    std::chrono::milliseconds pause_{0};  ///< 0: closed
    SteadyTime until_{};
};

}  // namespace mds::providers
