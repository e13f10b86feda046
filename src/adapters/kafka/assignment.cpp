#include "adapters/kafka/assignment.hpp"

namespace mds::kafka {

/// The main thread of librdkafka handles assignments, stops, their ends and rd_kafka_assignment in the order in which they came. Of
/// two such questions the first one is answered when all stops are done, the second one when their ends are noted.
rd_kafka_resp_err_t assign(rd_kafka_t* client, rd_kafka_topic_partition_list_t const* partitions) {
    auto const code = rd_kafka_assign(client, partitions);
    for (int turn = 0; turn < 2; ++turn) {
        rd_kafka_topic_partition_list_t* now = nullptr;
        if (rd_kafka_assignment(client, &now) == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_topic_partition_list_destroy(now);
    }
    return code;
}

/// By the call for times: the protocol has the logical offsets for special times, and librdkafka passes them on.
Result<std::map<std::int32_t, std::int64_t>> offsets_of(rd_kafka_t* client, Options const& options,
                                                        std::vector<std::int32_t> const& partitions, std::int64_t logical) {
    PartitionList const list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
    for (auto const partition : partitions)
        rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), partition)->offset = logical;
    auto code = rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(options.request_timeout.count()));
    std::map<std::int32_t, std::int64_t> offsets;
    for (int at = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && at < list->cnt; ++at) {
        auto const& answer = list->elems[at];
        code = answer.err;
        offsets[answer.partition] = answer.offset;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error("cannot ask where the partitions begin and end", code);
    return offsets;
}

}  // namespace mds::kafka
