// The bus of a build with librdkafka.

#include "app/open_bus.hpp"

#include "adapters/kafka/kafka_publisher.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "adapters/kafka/kafka_tail.hpp"
#include "adapters/kafka/properties.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace mds::app {
namespace {

kafka::Options kafka_options(KafkaConfig const& config) {
    kafka::Options options;
    options.brokers = config.brokers;
    options.topic = config.topic;
    options.dead_letter_topic = config.dead_letter_topic;
    options.partitions = static_cast<int>(config.partitions);
    options.replication_factor = static_cast<int>(config.replication_factor);
    options.group = config.group;
    options.properties = config.properties;
    return options;
}

class KafkaBus final : public OpenBus {
public:
    KafkaBus(kafka::Options options, support::Log log, support::Metrics& metrics)
        : options_(std::move(options)), log_(std::move(log)), metrics_(metrics) {
        for (auto const& warning : kafka::warnings(options_)) log_.warning("kafka.warning", {{"text", warning}});
    }

    EventPublisher& publisher() override { return made(publisher_); }
    EventSource& source() override { return made(source_); }
    EventSource& tail() override { return made(tail_); }

    Health health() const override {
        auto const first_fault = [](Health sum, auto const& client) { return sum.ready && client ? client->health() : sum; };
        return first_fault(first_fault(first_fault({true, {}}, publisher_), source_), tail_);
    }

private:
    template <class Client>
    Client& made(std::optional<Client>& client) {
        if (!client) client.emplace(options_, log_, metrics_);
        return *client;
    }

    kafka::Options options_;
    support::Log log_;
    support::Metrics& metrics_;
    std::optional<kafka::KafkaPublisher> publisher_;
    std::optional<kafka::KafkaSource> source_;
    std::optional<kafka::KafkaTail> tail_;
};

}  // namespace

std::unique_ptr<OpenBus> open_bus(Config const& config, support::Log const& log, support::Metrics& metrics) {
    if (config.bus.kind != BusKind::kafka) return nullptr;
    return std::make_unique<KafkaBus>(kafka_options(config.bus.kafka), log, metrics);
}

std::vector<ConfigError> check_bus(LoadedConfig const& loaded) {
    std::vector<ConfigError> errors;
    if (loaded.config.bus.kind != BusKind::kafka) return errors;
    for (auto const& fault : kafka::faults(kafka_options(loaded.config.bus.kafka))) {
        auto const path = fault.name.empty() ? "bus.kafka.properties" : "bus.kafka.properties." + fault.name;
        auto const origin = loaded.origins.find(path);
        errors.push_back({path, fault.why, origin == loaded.origins.end() ? "librdkafka" : origin->second});
    }
    return errors;
}

std::string bus_name(Config const& config) {
    if (config.bus.kind != BusKind::kafka) return "embedded";
    return fmt::format("kafka:{}/{}", config.bus.kafka.brokers, config.bus.kafka.topic);
}

std::string bus_library() {
    return fmt::format("librdkafka {}", rd_kafka_version_str());
}

}  // namespace mds::app
