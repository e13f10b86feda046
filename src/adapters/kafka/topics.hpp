#pragma once

#include "adapters/kafka/client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mds::kafka {

/// Creates the topics of events and of dead letters where they are missing. Success also where the brokers do not let us, or
/// cannot: a topic may be there all the same, and using it says so. Errors: unavailable.
Result<void> ensure_topics(rd_kafka_t* client, Options const& options, support::Log const& log);

/// Partitions of the topic of events. Errors: unavailable, also where there is no such topic.
Result<std::int32_t> partition_count(rd_kafka_t* client, Options const& options);

/// The partition that the producer puts this key into.
std::int32_t partition_of(std::string_view key, std::int32_t count);

}  // namespace mds::kafka
