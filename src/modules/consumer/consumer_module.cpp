#include "modules/consumer/consumer_module.hpp"

namespace mds::consumer {

ConsumerModule::ConsumerModule(Averaging& averaging, EventSource& source)
    : averaging_(averaging), source_(source), thread_("mds-consumer", [this] { return averaging_.step(); }) {}

void ConsumerModule::start() {
    thread_.start();
}

void ConsumerModule::interrupt() noexcept {
    thread_.interrupt();
    source_.interrupt();
}

bool ConsumerModule::drain(SteadyTime deadline) noexcept {
    return thread_.drain(deadline);
}

Health ConsumerModule::health() const {
    if (!thread_.running()) return {false, "not running"};
    if (!averaging_.healthy()) return {false, "waiting for the store or the bus"};
    return {true, {}};
}

}  // namespace mds::consumer
