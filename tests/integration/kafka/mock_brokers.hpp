#pragma once

#include <mds/ports/event_source.hpp>

#include "adapters/kafka/kafka_publisher.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "support/metrics.hpp"

#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mds::testing {

inline constexpr std::int16_t produce_request = 0;
inline constexpr std::int16_t fetch_request = 1;

/// One broker with one topic, in this process.
class MockBrokers {
public:
    explicit MockBrokers(int partitions = 4);
    ~MockBrokers();
    MockBrokers(MockBrokers const&) = delete;
    MockBrokers& operator=(MockBrokers const&) = delete;

    kafka::Options options() const;
    void down();
    void up();
    void round_trip(std::chrono::milliseconds time);
    /// The next requests of a kind are refused like this, one by one.
    void refuse(std::int16_t request, std::vector<rd_kafka_resp_err_t> const& errors);
    /// The topic is not known to the broker any more, or is again.
    void vanish(bool gone);
    /// As another program does: the bytes as they are, without headers.
    void produce(std::string const& key, std::string const& value, std::int32_t partition = -1);

private:
    rd_kafka_t* client_;
    rd_kafka_mock_cluster_t* cluster_;
};

/// The n-th point of a series as an outbox entry.
OutboxEvent entry(std::int64_t position, std::string const& symbol, std::int64_t seq);

/// Hands all of it over and waits for the acknowledgements, as long as `patience`. How many came back.
std::size_t publish(EventPublisher& bus, std::vector<OutboxEvent> const& events,
                    std::chrono::seconds patience = std::chrono::seconds(30));

/// What a consumer saw.
struct Seen {
    std::map<std::int32_t, std::vector<BusRecord>> records;  ///< by partition
    std::vector<RecordsLost> lost;

    std::size_t size() const;
    /// The numbers of a series' events in the order of their partition.
    std::vector<std::int64_t> seqs(std::string const& symbol) const;
};

/// Reads until `done`, at most a minute. Partitions start where `offset` says, and after a loss at what is there.
void read_until(
    EventSource& source, Seen& seen, std::function<bool()> const& done,
    std::function<std::int64_t(std::int32_t)> const& offset = [](std::int32_t) { return std::int64_t{0}; });

}  // namespace mds::testing
