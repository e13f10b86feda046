#include "adapters/kafka/kafka_tail.hpp"

#include "adapters/kafka/assignment.hpp"
#include "adapters/kafka/topics.hpp"

#include <numeric>
#include <utility>

namespace mds::kafka {
namespace {

/// How soon new partitions are noticed.
constexpr std::chrono::seconds look_every{10};

}  // namespace

KafkaTail::KafkaTail(Options options, support::Log log, support::Metrics& metrics)
    : ClientEvents(std::move(log)),
      options_(std::move(options)),
      client_(make_client(RD_KAFKA_CONSUMER, options_, *this)),
      records_(metrics.counter("mds_kafka_followed_records_total", "Records that the memory cache was shown")),
      begun_(metrics.counter("mds_kafka_follow_begun_total", "Times that the memory cache began at the end of the topic")) {
    rd_kafka_poll_set_consumer(client_.get());
}

KafkaTail::~KafkaTail() {
    reader_.forget_failure();
    rd_kafka_consumer_close(client_.get());
}

void KafkaTail::interrupt() noexcept {
    interrupted_.store(true);
}

Result<BusSignal> KafkaTail::poll(std::size_t max_records, std::chrono::milliseconds wait) {
    if (interrupted_.load()) return BusSignal(NothingYet{});
    if (partitions_ == 0 || grown()) return begin();
    return read(max_records, wait);
}

bool KafkaTail::grown() {
    auto const now = std::chrono::steady_clock::now();
    if (now < look_again_ || away()) return false;
    look_again_ = now + look_every;
    auto const count = partition_count(client_.get(), options_);
    return count && *count != partitions_;
}

Result<BusSignal> KafkaTail::begin() {
    partitions_ = 0;
    reader_.forget_failure();
    if (auto const there = ensure_topics(client_.get(), options_, log()); !there) return there.error();
    auto const count = partition_count(client_.get(), options_);
    if (!count) return count.error();
    PartitionsAssigned assigned;
    assigned.partitions.resize(static_cast<std::size_t>(*count));
    std::iota(assigned.partitions.begin(), assigned.partitions.end(), 0);
    auto const ends = offsets_of(client_.get(), options_, assigned.partitions, RD_KAFKA_OFFSET_END);
    if (!ends) return ends.error();
    PartitionList const list(rd_kafka_topic_partition_list_new(*count));
    for (auto const& [partition, end] : *ends)
        rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = end;
    if (auto const code = assign(client_.get(), list.get())) return to_error("cannot take the partitions", code);
    heard();
    partitions_ = *count;
    look_again_ = std::chrono::steady_clock::now() + look_every;
    begun_.Increment();
    return BusSignal(std::move(assigned));
}

Result<BusSignal> KafkaTail::read(std::size_t max_records, std::chrono::milliseconds wait) {
    auto taken = reader_.read(client_.get(), max_records, wait);
    if (taken.failure) {
        partitions_ = 0;  // whatever it is, the store knows the newest
        return to_error("the bus refuses to be read", taken.failure->err, rd_kafka_message_errstr(taken.failure.get()));
    }
    if (taken.count == 0) return nothing();
    heard();
    records_.Increment(static_cast<double>(taken.count));
    return BusSignal(std::move(taken.read));
}

/// Nothing to read: is that because nobody is there? Asked only after every connection broke.
Result<BusSignal> KafkaTail::nothing() {
    if (!away()) return BusSignal(NothingYet{});
    if (!answers(client_.get(), options_.request_timeout / 10)) return Error(ErrorCode::unavailable, "the brokers are away");
    heard();
    return BusSignal(NothingYet{});
}

}  // namespace mds::kafka
