#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/poll_plan.hpp>
#include <mds/ports/task.hpp>

#include "services/provider_holds.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

namespace mds {

/// For a process that asks providers for reads, but does not poll: what providers asked for outlives it, and what they asked of
/// other processes before it started holds here. Where there is a poller it does both. On the I/O thread of `holds`; outlives its
/// work.
class KeptWaits {
public:
    KeptWaits(PollPlanStore& plans, ProviderHolds& holds, Clock& clock, IoExecutor fetch_thread, support::Log log,
              support::Metrics& metrics);

    /// Call once, before anybody asks a provider.
    Task<void> recall();

private:
    PollPlanStore& plans_;
    ProviderHolds& holds_;
    Clock& clock_;
};

}  // namespace mds
