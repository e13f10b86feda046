#pragma once

#include <mds/module.hpp>
#include <mds/ports/clock.hpp>
#include <mds/ports/leases.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include "services/observation_sink.hpp"
#include "services/poll_fetcher.hpp"
#include "services/poll_leases.hpp"
#include "services/poll_schedule.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace mds {

struct PollDriverOptions {
    PollScheduleOptions schedule{};
    PollFetchOptions fetch{};
    std::size_t requests_per_provider = 4;       ///< under way at once
    std::chrono::milliseconds plan_every{500};   ///< how soon a change by another process is noticed
    std::chrono::microseconds wake_apart{1000};  ///< ticks due within this are started together
    PollLeaseOptions lease{};
};

/// Runs the schedule: loads the plan, starts what is due, records what is missed. Everything happens on one I/O thread, which
/// another part owns; all references outlive that thread's work.
class PollDriver {
public:
    /// `timer` is nobody else's: its sleepers are woken when the poller stops. What `holds` learns, from whomever, is kept in
    /// `plans` from here on. `leases`: how replicas share the work; nullptr: all of it is this process's.
    PollDriver(PollPlanStore& plans, ProviderDirectory& providers, ProviderHolds& holds, ObservationSink& sink, Clock& clock,
               Timer& timer, Random& random, IoExecutor fetch_thread, support::Log log, support::Metrics& metrics,
               PollDriverOptions options = {}, Leases* leases = nullptr);
    ~PollDriver();

    /// Any thread.
    void start();
    /// The jobs were changed: look now rather than soon. Any thread, never blocks.
    void changed() noexcept;
    /// Nothing new is started and nothing is waited for: requests under way are finished, and what the store takes now is stored.
    /// Any thread.
    void interrupt() noexcept;
    /// Not on the I/O thread. False: the deadline came before everything was stored.
    bool drain(SteadyTime deadline) noexcept;
    /// Any thread.
    Health health() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace mds
