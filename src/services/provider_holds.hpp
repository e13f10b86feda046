#pragma once

#include <mds/domain/outcome.hpp>
#include <mds/domain/time.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mds {

/// What to wait where a provider refuses without a Retry-After.
struct ProviderPauses {
    std::chrono::seconds rate_limited{1};
    std::chrono::seconds quota_exhausted{60};
    std::chrono::seconds banned{300};
};

/// Until when providers asked to be left alone. What one answer says holds for whoever asks next, polls and reads alike, and across
/// a restart. One thread: the fetch thread.
class ProviderHolds {
public:
    struct Hold {
        SteadyTime until{};
        Outcome outcome = Outcome::rate_limited;  ///< of the answer that asked for it
        bool for_quota = false;                   ///< it has not asked for it: ours of its quota is spent
    };
    /// Makes a wait durable.
    using Keeper = std::function<void(std::string const& provider, SteadyTime until)>;
    /// Shorter waits are over before a restart is, so they are not stored.
    static constexpr std::chrono::seconds least_kept{2};

    ProviderHolds() = default;
    explicit ProviderHolds(ProviderPauses pauses) : pauses_(pauses) {}
    void keep_with(Keeper keeper) { keeper_ = std::move(keeper); }
    /// What was asked for before this process, or by others, as the store has it.
    void recall(std::map<std::string, UtcTime> const& waits, Clock const& clock);
    /// A wait as the store has it. None: too short to be worth a write.
    static std::optional<UtcTime> worth_keeping(SteadyTime until, Clock const& clock);

    /// Draws the conclusion from an answer of `provider`, whoever asked for it. True: it is to be left alone for a while.
    bool note(std::string const& provider, FetchAnswer const& answer, SteadyTime now);
    /// Nothing goes to `provider` before `until`; an earlier end never shortens a later one. Not kept.
    Hold const& hold(std::string const& provider, SteadyTime until, Outcome outcome) {
        return extend(holds_, provider, Hold{until, outcome, false});
    }
    /// Null: it may be asked for this use.
    Hold const* find(std::string_view provider, SteadyTime now, QuotaUse use) const;

private:
    std::chrono::seconds pause_after(Outcome outcome) const noexcept;

    ProviderPauses pauses_;
    Keeper keeper_;
    using Holds = std::map<std::string, Hold, std::less<>>;
    static Hold const& extend(Holds& holds, std::string const& provider, Hold hold);
    static Hold const* find(Holds const& holds, std::string_view provider, SteadyTime now);

    Holds holds_;
    Holds of_polls_;  ///< where reads may go on
};

}  // namespace mds
