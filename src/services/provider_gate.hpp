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

/// Who may send a request to a provider now: at most `cap` under way, none before a Retry-After is over. Waiting is first come,
/// first served, and ends at a time of the waiter's own. No clock of its own; one thread.
class ProviderGate {
public:
    /// The right to one request, given back when it goes out of scope, whatever the way out. Not to outlive the gate.
    class Slot {
    public:
        Slot() = default;  ///< none
        Slot(Slot&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), provider_(std::move(other.provider_)) {}
        Slot& operator=(Slot&& other) noexcept {
            std::swap(gate_, other.gate_);
            std::swap(provider_, other.provider_);
            return *this;
        }
        ~Slot() { give_back(); }
        explicit operator bool() const noexcept { return gate_ != nullptr; }
        void give_back() {
            if (gate_ != nullptr) std::exchange(gate_, nullptr)->release(provider_);
        }

    private:
        friend class ProviderGate;
        Slot(ProviderGate& gate, std::string provider) : gate_(&gate), provider_(std::move(provider)) {}
        ProviderGate* gate_ = nullptr;
        std::string provider_;
    };
    /// Called once: with a slot, or with none where the time to give up came first.
    using Go = std::function<void(Slot)>;

    /// `holds` outlives this, and is shared with those who ask without the gate.
    ProviderGate(std::size_t cap, ProviderHolds& holds) : cap_(cap), holds_(holds) {}

    /// Calls `go`: at once, or later when a slot is given back, from advance() or from close().
    void request(std::string const& provider, SteadyTime now, SteadyTime give_up, Go go);
    /// What an answer says about the requests after it (ProviderHolds::note).
    bool note(std::string const& provider, FetchAnswer const& answer, SteadyTime now) { return holds_.note(provider, answer, now); }
    bool held(std::string const& provider, SteadyTime now) const { return holds_.find(provider, now, QuotaUse::polls) != nullptr; }
    /// Not asked for want of quota, rather than because it wants to be left alone.
    bool out_of_quota(std::string const& provider, SteadyTime now) const {
        auto const* const hold = holds_.find(provider, now, QuotaUse::polls);
        return hold != nullptr && hold->for_quota;
    }
    /// Ends waits that are over and lets go what a hold kept back.
    void advance(SteadyTime now);
    /// Ends every wait, and lets nobody wait from now on: who cannot go at once is refused.
    void close();
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
    Slot take(std::string const& provider, State& state);
    void release(std::string const& provider);
    void admit(std::string const& provider, State& state);

    std::size_t cap_;
    ProviderHolds& holds_;
    SteadyTime now_{};  ///< the latest that anybody told
    bool closed_ = false;
    std::size_t in_flight_ = 0;
    std::uint64_t next_number_ = 0;
    std::map<std::string, State> states_;
    std::map<std::pair<SteadyTime, std::uint64_t>, State*> deadlines_;
};

}  // namespace mds
