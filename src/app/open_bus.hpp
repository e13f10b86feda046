#pragma once

#include <mds/module.hpp>
#include <mds/ports/event_publisher.hpp>
#include <mds/ports/event_source.hpp>

#include "app/config_load.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mds::app {

/// The broker that the configuration chose. A client is made when it is first asked for, and lives as long as this. Main thread,
/// except health().
class OpenBus {
public:
    virtual ~OpenBus() = default;
    virtual EventPublisher& publisher() = 0;
    /// A member of the consumer group.
    virtual EventSource& source() = 0;
    /// Every event from now on, as CacheFollower wants it.
    virtual EventSource& tail() = 0;
    /// Of the clients that were made.
    virtual Health health() const = 0;
};

/// None with the embedded bus. Brokers need not be there yet. Throws std::runtime_error where a client cannot be made.
std::unique_ptr<OpenBus> open_bus(Config const& config, support::Log const& log, support::Metrics& metrics);

/// What the Kafka library says against the configuration of the bus; or, in a build without it, against having one.
std::vector<ConfigError> check_bus(LoadedConfig const& loaded);

/// For the log: "embedded", "kafka:HOST:PORT/TOPIC".
std::string bus_name(Config const& config);

/// For `mds version`.
std::string bus_library();

}  // namespace mds::app
