#include "modules/relay/relay_module.hpp"

namespace mds::relay {

RelayModule::RelayModule(Retention& retention)
    : retention_(retention), thread_("mds-relay", [this] { return retention_.step(); }) {}

void RelayModule::start() {
    thread_.start();
}

void RelayModule::interrupt() noexcept {
    thread_.interrupt();
}

bool RelayModule::drain(SteadyTime deadline) noexcept {
    return thread_.drain(deadline);
}

// A round that failed is tried again and hurts nobody meanwhile, so it does not make the process unready.
Health RelayModule::health() const {
    if (!thread_.running()) return {false, "not running"};
    return {true, {}};
}

}  // namespace mds::relay
