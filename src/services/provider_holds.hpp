#pragma once

#include <mds/domain/outcome.hpp>
#include <mds/domain/time.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace mds {

/// Until when providers asked to be left alone. What one answer says holds for whoever asks next, polls and reads alike. One thread:
/// the fetch thread.
class ProviderHolds {
public:
    struct Hold {
        SteadyTime until{};
        Outcome outcome = Outcome::rate_limited;  ///< of the answer that asked for it
    };

    /// Nothing goes to `provider` before `until`; an earlier end never shortens a later one.
    void hold(std::string const& provider, SteadyTime until, Outcome outcome) {
        Hold& hold = holds_[provider];
        if (hold.until < until) hold = Hold{until, outcome};
    }
    /// Null: it may be asked.
    Hold const* find(std::string_view provider, SteadyTime now) const {
        auto const found = holds_.find(provider);
        return found != holds_.end() && found->second.until > now ? &found->second : nullptr;
    }

private:
    std::map<std::string, Hold, std::less<>> holds_;
};

}  // namespace mds
