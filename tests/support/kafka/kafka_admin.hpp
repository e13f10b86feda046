#pragma once

#include <string>
#include <vector>

namespace mds::testing {

/// One change of a cluster, carried out and waited for: create_topic TOPIC PARTITIONS, delete_topic TOPIC,
/// create_partitions TOPIC TOTAL, delete_records TOPIC PARTITION BEFORE_OFFSET. Throws std::runtime_error where it is refused.
void administer(std::string const& bootstrap, std::vector<std::string> const& command);

}  // namespace mds::testing
