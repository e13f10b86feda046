#pragma once
// The keys under bus.kafka, and what they demand of others.

#include "app/config.hpp"
#include "app/config_fields.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mds::app {

Fields<KafkaConfig> kafka_fields();

/// What does not go together: key and message.
std::vector<std::pair<std::string, std::string>> bus_faults(Config const& config);

}  // namespace mds::app
