#include "adapters/kafka/record.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace mds::kafka {
namespace {

std::string bytes(void const* data, std::size_t size) {
    return data == nullptr ? std::string() : std::string(static_cast<char const*>(data), size);
}

UtcTime time_of(rd_kafka_message_t const& message) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    std::int64_t const millis = rd_kafka_message_timestamp(&message, &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && millis >= 0) return UtcTime(std::chrono::milliseconds(millis));
    return std::chrono::time_point_cast<UtcTime::duration>(std::chrono::system_clock::now());
}

}  // namespace

RawRecord record_of(rd_kafka_message_t const& message) {
    RawRecord record;
    record.key = bytes(message.key, message.key_len);
    record.value = bytes(message.payload, message.len);
    record.timestamp = time_of(message);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
    record.headers.reserve(rd_kafka_header_cnt(headers));
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        record.headers.emplace_back(name, bytes(value, size));
    return record;
}

void append(RecordsRead& read, rd_kafka_message_t const& message) {
    auto const its = [&](PartitionRecords const& run) { return run.partition == message.partition; };
    auto run = std::find_if(read.runs.rbegin(), read.runs.rend(), its);  // mostly the last one
    if (run == read.runs.rend()) {
        read.runs.push_back({message.partition, {}});
        run = read.runs.rbegin();
    }
    run->records.emplace_back(message.offset, record_of(message));
}

}  // namespace mds::kafka
