#pragma once

#include <chrono>
#include <map>
#include <string>

namespace mds::kafka {

struct Options {
    std::string brokers;  ///< "host:port,host:port"
    std::string topic = "price-events";
    std::string dead_letter_topic = "price-events-dlq";
    int partitions = 12;         ///< of a topic that has to be created
    int replication_factor = 0;  ///< the same; 0: as the brokers have it by default
    std::string group = "mds-averages";
    /// librdkafka's own properties (its CONFIGURATION.md), for producer and consumer alike: security, compression, sizes ...
    std::map<std::string, std::string> properties;
    std::chrono::milliseconds request_timeout{5'000};  ///< for the questions that are waited for
};

}  // namespace mds::kafka
