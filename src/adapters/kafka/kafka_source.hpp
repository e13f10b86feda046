#pragma once

#include <mds/ports/event_source.hpp>

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/record_reader.hpp"
#include "support/metrics.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string_view>

namespace mds::kafka {

/// A member of a consumer group, which shares out the partitions and nothing else: offsets come from start() alone, and none is
/// committed to the broker. Partitions are dealt eagerly (range assignor): at every change of the group all are revoked, then
/// assigned.
class KafkaSource final : public EventSource, private ClientEvents {
public:
    /// Throws std::runtime_error where a property is refused. Brokers need not be there yet.
    KafkaSource(Options options, support::Log log, support::Metrics& metrics);
    /// Leaves the group.
    ~KafkaSource() override;
    KafkaSource(KafkaSource const&) = delete;
    KafkaSource& operator=(KafkaSource const&) = delete;

    Result<BusSignal> poll(std::size_t max_records, std::chrono::milliseconds wait) override;
    BusSignal ready(std::size_t max_records) override;
    /// Takes effect with the next poll.
    void start(std::int32_t partition, std::int64_t offset) override;
    void rejoin() override;
    void interrupt() noexcept override;
    /// By the number of partitions at the last loss.
    bool carries(std::int32_t partition, std::string_view key) const override;
    using ClientEvents::health;

private:
    void rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) override;
    void revoked(PartitionsRevoked gone);
    Result<void> subscribe();
    BusSignal next_signal();
    Result<void> assign();
    Result<BusSignal> read(std::size_t max_records, std::chrono::milliseconds wait);
    BusSignal accept(RecordReader::Taken taken);
    Result<BusSignal> take_failure(rd_kafka_message_t const& message);
    Result<BusSignal> lose_topic();
    Result<BusSignal> tell_losses();
    Result<BusSignal> nothing();

    Options options_;
    ClientHandle client_;
    std::int32_t partitions_ = 0;
    bool subscribed_ = false;
    bool reassign_ = false;
    bool closing_ = false;
    std::map<std::int32_t, std::int64_t> next_;  ///< of the started partitions: where each goes on
    std::deque<BusSignal> signals_;
    RecordReader reader_;
    std::set<std::int32_t> lost_partitions_;  ///< started, and their next record is gone: to be told
    bool vanished_ = false;                   ///< the topic was removed since the last assignment
    std::set<std::int32_t> distrusted_;       ///< assigned after that, not started yet
    std::atomic<bool> interrupted_{false};
    prometheus::Counter& records_;
    prometheus::Counter& bytes_;
    prometheus::Counter& rebalances_;
    prometheus::Counter& lost_;
    prometheus::Counter& errors_;
};

}  // namespace mds::kafka
