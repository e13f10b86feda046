#include "integration/kafka/mock_brokers.hpp"

#include <array>
#include <stdexcept>

namespace mds::testing {

MockBrokers::MockBrokers(int partitions) {
    std::array<char, 512> why{};
    auto* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
    if (client_ == nullptr) throw std::runtime_error(why.data());
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    rd_kafka_mock_topic_create(cluster_, "price-events", partitions, 1);
    rd_kafka_mock_topic_create(cluster_, "price-events-dlq", 1, 1);  // it has no controller, which we could ask to
}

MockBrokers::~MockBrokers() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
}

kafka::Options MockBrokers::options() const {
    kafka::Options options;
    options.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    options.request_timeout = std::chrono::milliseconds(2000);
    // The mock cluster does not number what a producer sends, as brokers do: of two requests under way it takes the second one
    // though it refused the first, and librdkafka concludes from the second that the first was there. So one at a time.
    options.properties = {{"reconnect.backoff.ms", "20"},
                          {"reconnect.backoff.max.ms", "200"},
                          {"retry.backoff.ms", "20"},
                          {"max.in.flight.requests.per.connection", "1"}};
    return options;
}

void MockBrokers::down() {
    rd_kafka_mock_broker_set_down(cluster_, 1);
}
void MockBrokers::up() {
    rd_kafka_mock_broker_set_up(cluster_, 1);
}
void MockBrokers::round_trip(std::chrono::milliseconds time) {
    rd_kafka_mock_broker_set_rtt(cluster_, 1, static_cast<int>(time.count()));
}
void MockBrokers::refuse(std::int16_t request, std::vector<rd_kafka_resp_err_t> const& errors) {
    auto list = errors;
    rd_kafka_mock_push_request_errors_array(cluster_, request, list.size(), list.data());
}

void MockBrokers::vanish(bool gone) {
    rd_kafka_mock_topic_set_error(cluster_, "price-events",
                                  gone ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
}

void MockBrokers::produce(std::string const& key, std::string const& value, std::int32_t partition) {
    std::array<char, 512> why{};
    auto* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_), nullptr, 0);
    auto* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
    auto* const topic = rd_kafka_topic_new(client, "price-events", nullptr);
    rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                     nullptr);
    auto const flushed = rd_kafka_flush(client, 20'000);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    if (flushed != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error("the mock cluster took no record");
}

OutboxEvent entry(std::int64_t position, std::string const& symbol, std::int64_t seq) {
    UtcTime const quoted{std::chrono::seconds(1'700'000'000 + seq)};
    PricePoint point(Uuid::v7(quoted, 0, static_cast<std::uint64_t>(position)), Series(*Symbol::parse(symbol), "simulated"), seq,
                     *Price::parse("150.25").price, quoted, quoted + std::chrono::milliseconds(250), Uuid::v7(quoted, 1, 1));
    return OutboxEvent(position, PriceEvent(std::move(point), 1));
}

std::size_t publish(EventPublisher& bus, std::vector<OutboxEvent> const& events, std::chrono::seconds patience) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    std::size_t handed = 0;
    std::size_t done = 0;
    while (done < events.size() && std::chrono::steady_clock::now() < deadline) {
        if (handed < events.size()) {
            if (auto const taken = bus.enqueue(std::span<OutboxEvent const>(events).subspan(handed))) handed += *taken;
        }
        auto const report = bus.delivered(std::chrono::milliseconds(20));
        done += report.delivered;
        if (report.failure) handed = done;
    }
    return done;
}

std::size_t Seen::size() const {
    std::size_t count = 0;
    for (auto const& [partition, all] : records) count += all.size();
    return count;
}

std::vector<std::int64_t> Seen::seqs(std::string const& symbol) const {
    std::vector<std::int64_t> found;
    for (auto const& [partition, all] : records) {
        for (auto const& record : all) {
            auto const* const event = std::get_if<PriceEvent>(&record.content);
            if (event != nullptr && event->point.series.symbol.str() == symbol) found.push_back(event->point.seq);
        }
    }
    return found;
}

void read_until(EventSource& source, Seen& seen, std::function<bool()> const& done,
                std::function<std::int64_t(std::int32_t)> const& offset) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        auto const signal = source.poll(500, std::chrono::milliseconds(100));
        if (!signal) continue;
        if (auto const* const assigned = std::get_if<PartitionsAssigned>(&*signal)) {
            for (auto const partition : assigned->partitions) source.start(partition, offset(partition));
        } else if (auto const* const lost = std::get_if<RecordsLost>(&*signal)) {
            seen.lost.push_back(*lost);
            source.start(lost->partition, lost->available);
        } else if (auto const* const read = std::get_if<RecordsRead>(&*signal)) {
            for (auto const& run : read->runs) {
                auto& all = seen.records[run.partition];
                all.insert(all.end(), run.records.begin(), run.records.end());
            }
        }
    }
}

}  // namespace mds::testing
