#include "adapters/kafka/record_reader.hpp"

#include "adapters/kafka/record.hpp"

#include <algorithm>
#include <utility>

namespace mds::kafka {

/// One by one: the batch calls of librdkafka before 2.1 skip records when a rebalance comes between, and cost as much.
RecordReader::Taken RecordReader::read(rd_kafka_t* client, std::size_t most, std::chrono::milliseconds wait) {
    Taken taken;
    cut_ = false;
    while (taken.count < most && !cut_) {
        MessageHandle message = next(client, taken.count == 0 ? wait : std::chrono::milliseconds(0));
        if (!message) break;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            (taken.count == 0 ? taken.failure : failure_) = std::move(message);
            break;
        }
        append(taken.read, *message);
        ++taken.count;
        taken.bytes += message->len;
    }
    last_ = taken.count;
    return taken;
}

MessageHandle RecordReader::next(rd_kafka_t* client, std::chrono::milliseconds wait) {
    if (failure_) return std::move(failure_);
    return MessageHandle(rd_kafka_consumer_poll(client, static_cast<int>(wait.count())));
}

/// Behind the others of its partition. Who catches up reads thousands in a row, mostly of one partition: room for as many as the
/// last time, since to move them as they become more costs as much as to read them.
void RecordReader::append(RecordsRead& read, rd_kafka_message_t const& message) const {
    auto const its = [&](PartitionRecords const& run) { return run.partition == message.partition; };
    auto run = std::find_if(read.runs.rbegin(), read.runs.rend(), its);  // mostly the last one
    if (run == read.runs.rend()) {
        read.runs.push_back({message.partition, {}});
        run = read.runs.rbegin();
        run->records.reserve(last_);
    }
    run->records.emplace_back(message.offset, content_of(message));
}

}  // namespace mds::kafka
