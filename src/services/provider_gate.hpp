#pragma once

#include <mds/domain/time.hpp>

#include "services/provider_holds.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace mds {

/// Who may send a request to a provider now: at most `cap` under way, none before a Retry-After is over. Waiting is first come, first
/// served, and ends at a time of the waiter's own. No clock of its own; one thread.
class ProviderGate {
public:
    /// Called once: true with a slot to be given back, false where the time to give up came first.
    using Go = std::function<void(bool)>;

    /// `holds` outlives this, and is shared with those who ask without the gate.
    ProviderGate(std::size_t cap, ProviderHolds& holds) : cap_(cap), holds_(holds) {}

    /// True: the slot is yours at once and `go` is dropped. False: `go` is called later, from release() or advance().
    bool request(std::string const& provider, SteadyTime now, SteadyTime give_up, Go go);
    void release(std::string const& provider, SteadyTime now);
    void hold(std::string const& provider, SteadyTime until, Outcome outcome) { holds_.hold(provider, until, outcome); }
    bool held(std::string const& provider, SteadyTime now) const { return holds_.find(provider, now) != nullptr; }
    /// Ends waits that are over and lets go what a hold kept back.
    void advance(SteadyTime now);
    /// Ends every wait.
    void refuse_all();
    /// Forgets every wait without a call: nobody is there to be called.
    void abandon() noexcept;
    /// When advance() has something to do, if nothing else happens.
    std::optional<SteadyTime> next_wake() const;

    std::size_t in_flight() const noexcept { return in_flight_; }
    std::size_t waiting() const noexcept { return deadlines_.size(); }

private:
    struct Waiter {
        SteadyTime give_up;
        Go go;
    };
    struct State {
        std::size_t in_flight = 0;
        std::map<std::uint64_t, Waiter> waiting;  ///< by number, so in order of arrival
    };
    bool open(std::string const& provider, State const& state, SteadyTime now) const {
        return state.in_flight < cap_ && !held(provider, now);
    }
    void admit(std::string const& provider, State& state, SteadyTime now);

    std::size_t cap_;
    ProviderHolds& holds_;
    std::size_t in_flight_ = 0;
    std::uint64_t next_number_ = 0;
    std::map<std::string, State> states_;
    std::map<std::pair<SteadyTime, std::uint64_t>, State*> deadlines_;
};

}  // namespace mds
