#pragma once

#include "adapters/kafka/client.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace mds::kafka {

/// rd_kafka_assign, done when it returns: librdkafka stops what was read before only after that, and has no mark for what it is
/// stopping. An assignment that follows at once stops it again, and the second end fails an assertion (2.0 to 2.8,
/// rd_kafka_assignment_partition_stopped), which ends the process. For the thread that polls, and
/// not while the consumer is being closed: it may then wait for ever. `partitions`: null gives all up.
rd_kafka_resp_err_t assign(rd_kafka_t* client, rd_kafka_topic_partition_list_t const* partitions);

/// Of each partition, the offset that `logical` stands for now (RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END). One request to
/// each leader: one for each partition would wait its turn behind a fetch every time, half a second each. Blocks for up to
/// `request_timeout`. Errors: unavailable, also where one of the partitions cannot be asked for.
Result<std::map<std::int32_t, std::int64_t>> offsets_of(rd_kafka_t* client, Options const& options,
                                                        std::vector<std::int32_t> const& partitions, std::int64_t logical);

}  // namespace mds::kafka
