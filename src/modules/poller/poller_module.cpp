#include "modules/poller/poller_module.hpp"

namespace mds::poller {

void PollerModule::start() { driver_.start(); }

void PollerModule::interrupt() noexcept { driver_.interrupt(); }

bool PollerModule::drain(SteadyTime deadline) noexcept { return driver_.drain(deadline); }

Health PollerModule::health() const { return driver_.health(); }

}  // namespace mds::poller
