#include "modules/relay/relay_module.hpp"

namespace mds::relay {

RelayModule::RelayModule(Retention& retention, Relay* relay)
    : retention_(retention), relay_(relay), keeping_("mds-retention", [this] { return retention_.step(); }) {
    if (relay_ != nullptr) publishing_.emplace("mds-relay", [this] { return relay_->step(); });
}

void RelayModule::start() {
    keeping_.start();
    if (publishing_) publishing_->start();
}

void RelayModule::interrupt() noexcept {
    keeping_.interrupt();
    if (!publishing_) return;
    publishing_->interrupt();
    relay_->interrupt();
}

bool RelayModule::drain(SteadyTime deadline) noexcept {
    bool const kept = keeping_.drain(deadline);
    if (!publishing_) return kept;
    bool const published = publishing_->drain(deadline);
    if (published) relay_->release();
    return kept && published;
}

// A round of pruning that failed is tried again and hurts nobody meanwhile, so it does not make the process unready.
Health RelayModule::health() const {
    if (!keeping_.running() || (publishing_ && !publishing_->running())) return {false, "not running"};
    if (relay_ != nullptr && !relay_->healthy()) return {false, "waiting for the store or the bus"};
    return {true, {}};
}

}  // namespace mds::relay
