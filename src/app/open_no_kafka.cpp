// The bus of a build without librdkafka: only the embedded one.

#include "app/open_bus.hpp"

namespace mds::app {

std::unique_ptr<OpenBus> open_bus(Config const&, support::Log const&, support::Metrics&) {
    return nullptr;
}

std::vector<ConfigError> check_bus(LoadedConfig const& loaded) {
    if (loaded.config.bus.kind != BusKind::kafka) return {};
    auto const origin = loaded.origins.find("bus.kind");
    return {{"bus.kind", "cannot be kafka: this mds was built without it",
             origin == loaded.origins.end() ? "default" : origin->second}};
}

std::string bus_name(Config const&) {
    return "embedded";
}

std::string bus_library() {
    return "built without Kafka";
}

}  // namespace mds::app
