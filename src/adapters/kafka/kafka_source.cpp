#include "adapters/kafka/kafka_source.hpp"

#include "adapters/kafka/assignment.hpp"
#include "adapters/kafka/topics.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace mds::kafka {
KafkaSource::KafkaSource(Options options, support::Log log, support::Metrics& metrics)
    : ClientEvents(std::move(log)),
      options_(std::move(options)),
      client_(make_client(RD_KAFKA_CONSUMER, options_, *this)),
      records_(metrics.counter("mds_kafka_consumed_records_total", "Records read from the topic")),
      bytes_(metrics.counter("mds_kafka_consumed_bytes_total", "Bytes of their values")),
      rebalances_(metrics.counter("mds_kafka_rebalances_total", "Changes of the partitions that this process reads")),
      lost_(metrics.counter("mds_kafka_offsets_out_of_range_total", "Times that the next record to read was not on the broker")),
      errors_(metrics.counter("mds_kafka_consumer_errors_total", "Errors that the consumer was told of")) {
    rd_kafka_poll_set_consumer(client_.get());
}

KafkaSource::~KafkaSource() {
    reader_.forget_failure();
    closing_ = true;
    rd_kafka_consumer_close(client_.get());
}

Result<BusSignal> KafkaSource::poll(std::size_t max_records, std::chrono::milliseconds wait) {
    if (!signals_.empty()) return next_signal();
    if (interrupted_.load()) return BusSignal(NothingYet{});
    if (!subscribed_) {
        if (auto const done = subscribe(); !done) return done.error();
    }
    if (!lost_partitions_.empty()) return tell_losses();
    if (std::exchange(reassign_, false)) {
        if (auto const done = assign(); !done) return done.error();
    }
    return read(max_records, wait);
}

BusSignal KafkaSource::next_signal() {
    BusSignal signal = std::move(signals_.front());
    signals_.pop_front();
    return signal;
}

Result<void> KafkaSource::subscribe() {
    if (auto const there = ensure_topics(client_.get(), options_, log()); !there) return there;
    heard();
    PartitionList const topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (auto const code = rd_kafka_subscribe(client_.get(), topics.get())) return to_error("cannot subscribe", code);
    subscribed_ = true;
    return {};
}

/// All started partitions anew, each from where it goes on: what librdkafka had fetched ahead is dropped by that.
Result<void> KafkaSource::assign() {
    reader_.forget_failure();
    PartitionList const list(rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
    for (auto const& [partition, offset] : next_)
        rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = offset;
    if (auto const code = kafka::assign(client_.get(), list.get())) {
        reassign_ = true;
        return to_error("cannot take the partitions", code);
    }
    return {};
}

void KafkaSource::start(std::int32_t partition, std::int64_t offset) {
    if (distrusted_.erase(partition) > 0)
        lost_partitions_.insert(partition);
    else
        reassign_ = true;
    next_[partition] = offset;
}

void KafkaSource::rejoin() {
    PartitionsRevoked gone;
    for (auto const& [partition, next] : next_) gone.partitions.push_back(partition);
    revoked(std::move(gone));
    rd_kafka_unsubscribe(client_.get());
    subscribed_ = false;
}

void KafkaSource::interrupt() noexcept {
    interrupted_.store(true);
}

/// Within a poll, or within the close. An assignment is answered once the offsets are known: see start().
void KafkaSource::rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) {
    // No assignment follows this one, and where it was the last thing that the group waited for, nobody is left to ask if it is
    // done.
    if (closing_) {
        rd_kafka_assign(client, nullptr);
        return;
    }
    rebalances_.Increment();
    heard();
    log().info("kafka.rebalanced",
               {{"event", code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? "assigned" : "revoked"}, {"partitions", partitions->cnt}});
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && partitions->cnt > 0) {
        PartitionsAssigned assigned;
        for (int i = 0; i < partitions->cnt; ++i) assigned.partitions.push_back(partitions->elems[i].partition);
        if (std::exchange(vanished_, false)) distrusted_.insert(assigned.partitions.begin(), assigned.partitions.end());
        signals_.emplace_back(std::move(assigned));
        reader_.cut();
        return;
    }
    kafka::assign(client, code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? partitions : nullptr);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) return;
    PartitionsRevoked gone;
    for (int i = 0; i < partitions->cnt; ++i) gone.partitions.push_back(partitions->elems[i].partition);
    revoked(std::move(gone));
}

void KafkaSource::revoked(PartitionsRevoked gone) {
    signals_.emplace_back(std::move(gone));
    reader_.cut();
    next_.clear();
    reassign_ = false;
    reader_.forget_failure();
    lost_partitions_.clear();
    distrusted_.clear();
}

BusSignal KafkaSource::ready(std::size_t max_records) {
    if (!signals_.empty()) return next_signal();
    bool const to_ask_first = !subscribed_ || reassign_ || !lost_partitions_.empty();
    if (to_ask_first || interrupted_.load()) return NothingYet{};
    auto taken = reader_.read(client_.get(), max_records, std::chrono::milliseconds(0));
    if (taken.failure) reader_.keep(std::move(taken.failure));
    return accept(std::move(taken));
}

Result<BusSignal> KafkaSource::read(std::size_t max_records, std::chrono::milliseconds wait) {
    auto taken = reader_.read(client_.get(), max_records, wait);
    if (taken.failure) return take_failure(*taken.failure);
    auto signal = accept(std::move(taken));
    if (std::holds_alternative<NothingYet>(signal)) return nothing();
    return signal;
}

/// The records, or what the assignment became while they were being read: of what was revoked they are the next owner's.
BusSignal KafkaSource::accept(RecordReader::Taken taken) {
    auto& runs = taken.read.runs;
    std::erase_if(runs, [this](PartitionRecords const& run) { return !next_.contains(run.partition); });
    if (runs.empty()) return signals_.empty() ? BusSignal(NothingYet{}) : next_signal();
    heard();
    records_.Increment(static_cast<double>(taken.count));
    bytes_.Increment(static_cast<double>(taken.bytes));
    for (auto const& run : runs) next_[run.partition] = run.records.back().offset + 1;
    return BusSignal(std::move(taken.read));
}

Result<BusSignal> KafkaSource::take_failure(rd_kafka_message_t const& message) {
    errors_.Increment();
    std::string const text = rd_kafka_message_errstr(&message);
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        if (!next_.contains(message.partition))
            return nothing();  // revoked meanwhile: with many partitions many of these are queued
        lost_partitions_.insert(message.partition);
        return tell_losses();
    }
    if (message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || message.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return lose_topic();
    log().warning("kafka.consumer_error", {{"error", rd_kafka_err2name(message.err)}, {"text", text}});
    // Too long without a poll: the group has dealt our partitions to others, and a rebalance follows.
    if (message.err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) return BusSignal(NothingYet{});
    return to_error("the bus refuses to be read", message.err, text);
}

/// The topic was removed. What comes under its name is another log, in which our offsets mean nothing: whatever partition we read
/// next is read from its beginning, and repeats are told by their numbers.
Result<BusSignal> KafkaSource::lose_topic() {
    log().error("kafka.topic_vanished", {{"topic", options_.topic}});
    vanished_ = true;
    for (auto const& [partition, next] : next_) lost_partitions_.insert(partition);
    if (auto const there = ensure_topics(client_.get(), options_, log()); !there) return there.error();
    return BusSignal(NothingYet{});
}

/// Where one offset is out of range the others often are, as in a topic that was made anew. All that are go together, so that the
/// partitions are assigned anew once and not once for each.
Result<BusSignal> KafkaSource::tell_losses() {
    auto const count = partition_count(client_.get(), options_);
    if (!count) return count.error();
    partitions_ = *count;
    if (next_.rbegin()->first >= partitions_) {  // made anew with fewer of them
        vanished_ = true;
        rejoin();
        return next_signal();
    }
    std::vector<std::int32_t> started;
    for (auto const& [partition, next] : next_) started.push_back(partition);
    auto const lows = offsets_of(client_.get(), options_, started, RD_KAFKA_OFFSET_BEGINNING);
    if (!lows) return lows.error();
    auto const highs = offsets_of(client_.get(), options_, started, RD_KAFKA_OFFSET_END);
    if (!highs) return highs.error();
    for (auto const& [partition, next] : next_) {
        auto const low = lows->at(partition);
        if (!lost_partitions_.contains(partition) && low <= next && next <= highs->at(partition)) continue;
        lost_.Increment();
        signals_.emplace_back(RecordsLost{partition, next, low});
    }
    lost_partitions_.clear();
    return next_signal();
}

/// Nothing to read: is that because nobody is there? Asked only after every connection broke.
Result<BusSignal> KafkaSource::nothing() {
    if (!away()) return BusSignal(NothingYet{});
    if (!answers(client_.get(), options_.request_timeout / 10)) return Error(ErrorCode::unavailable, "the brokers are away");
    heard();
    return BusSignal(NothingYet{});
}

bool KafkaSource::carries(std::int32_t partition, std::string_view key) const {
    return partitions_ <= 0 || partition_of(key, partitions_) == partition;
}

}  // namespace mds::kafka
