#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mds::kafka {

struct Options {
    std::string brokers;  ///< "host:port,host:port"
    std::string topic = "price-events";
    std::string dead_letter_topic = "price-events-dlq";
    int partitions = 12;  ///< of the topic where it has to be created
    std::string group = "mds-averages";
    /// librdkafka's own properties (its CONFIGURATION.md), for producer and consumer alike: security, compression, sizes ...
    std::map<std::string, std::string> properties;
    std::size_t max_queued = 100'000;  ///< events that the producer holds, at most
    std::chrono::milliseconds session_timeout{10'000};
    std::chrono::milliseconds request_timeout{5'000};  ///< for the questions that are waited for
};

/// What the linked librdkafka is known not to do with these properties; one line each, for the log.
std::vector<std::string> warnings(Options const& options);

}  // namespace mds::kafka
