#pragma once

#include <mds/ports/event_publisher.hpp>

#include "adapters/kafka/client.hpp"
#include "codec/event_json.hpp"
#include "support/metrics.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <set>

namespace mds::kafka {

/// An idempotent producer: acknowledged by all replicas in sync, in order, without a time limit. Whatever ends a delivery ends
/// all of them: the client is thrown away with its queue, so that no later event of a series overtakes the failed one.
class KafkaPublisher final : public EventPublisher, private ClientEvents {
public:
    /// Throws std::runtime_error where a property is refused. Brokers need not be there yet.
    KafkaPublisher(Options options, support::Log log, support::Metrics& metrics);
    ~KafkaPublisher() override;
    KafkaPublisher(KafkaPublisher const&) = delete;
    KafkaPublisher& operator=(KafkaPublisher const&) = delete;

    Result<std::size_t> enqueue(std::span<OutboxEvent const> events) override;
    DeliveryReport delivered(std::chrono::milliseconds wait) override;
    void interrupt() noexcept override;
    void abandon() override;
    using ClientEvents::health;

private:
    enum class State : std::uint8_t { under_way, delivered, passed_over, failed };
    struct Handed {
        State state = State::under_way;
        std::int64_t letter = 0;  ///< position of a dead letter; 0: a price
    };

    void reported(rd_kafka_message_t const& message) override;
    Result<void> prepare();
    rd_kafka_resp_err_t produce(OutboxEvent const& event);
    void pass_over(OutboxEvent const& letter);
    void look_for_brokers();
    rd_kafka_resp_err_t produce(std::string const& topic, std::string const& key, std::string const& value,
                                codec::EventHeaders const& headers);
    std::size_t take_delivered();
    void discard();

    Options options_;
    ClientHandle client_;
    std::mutex exchange_;  ///< held to make or end the client, and by those who use it from another thread
    bool topics_there_ = false;
    std::chrono::steady_clock::time_point look_again_{};
    std::deque<Handed> handed_;         ///< and not yet counted
    std::uint64_t first_ = 0;           ///< number of the first of them
    std::set<std::int64_t> too_large_;  ///< dead letters that no topic takes: they stay in their table alone
    std::optional<Error> failure_;
    std::string value_;
    prometheus::Counter& delivered_;
    prometheus::Counter& failed_;
    prometheus::Counter& full_;
    prometheus::Counter& discarded_;
    prometheus::Counter& too_large_count_;
};

}  // namespace mds::kafka
