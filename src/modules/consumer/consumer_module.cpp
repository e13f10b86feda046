#include "modules/consumer/consumer_module.hpp"

namespace mds::consumer {
namespace {

/// While it catches up the consumer takes all the processor that it can get, and those who read prices would wait for the ends of
/// its slices. A third of their weight is enough to let them through; less brings them nothing more.
constexpr int nice = 5;

}  // namespace

ConsumerModule::ConsumerModule(Averaging& averaging, EventSource& source)
    : averaging_(averaging),
      source_(source),
      thread_(
          "mds-consumer", [this] { return averaging_.step(); }, nice) {}

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
