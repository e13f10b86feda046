#include "app/config_kafka.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mds::app {
namespace {

constexpr std::size_t longest_topic = 249;

/// As Kafka itself demands of names of topics.
Complaint topic_name(std::string_view text) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    bool const good = !text.empty() && text.size() <= longest_topic && text != "." && text != ".." &&
                      text.find_first_not_of(allowed) == std::string_view::npos;
    if (good) return {};
    return "the name of a topic (1 to 249 letters, digits and . _ -)";
}

bool is_secret(std::string_view property) {
    constexpr std::array<std::string_view, 4> telling{"password", "secret", "key.pem", "oauthbearer.config"};
    return std::ranges::any_of(telling, [&](auto part) { return property.find(part) != std::string_view::npos; });
}

/// Objects within are read as dotted names: how flags and the environment spell a property.
void read_properties(json::value const& value, std::string const& path, std::string const& name, Reading& reading,
                     std::map<std::string, std::string>& out) {
    if (value.is_object()) {
        for (auto const& member : value.get_object())
            read_properties(member.value(), joined(path, member.key()), joined(name, member.key()), reading, out);
        return;
    }
    if (name.empty()) return reading.wrong_value(path, "an object", value, true);
    reading.seen.insert(path);
    if (reading.is_broken(path)) return;
    if (value.is_string())
        out[name] = std::string(value.get_string());
    else if (value.is_number() || value.is_bool())
        out[name] = to_text(value);
    else
        reading.wrong_value(path, "text, a number, true or false", value, is_secret(name));
}

Field<KafkaConfig> properties() {
    auto const read = [](json::value const& value, std::string const& path, Reading& reading, KafkaConfig& out) {
        auto const parsed = reading.is_textual(path) && value.is_string() ? as_json(value.get_string()) : value;
        read_properties(parsed, path, "", reading, out.properties);
    };
    auto const write = [](KafkaConfig const& from) -> json::value {
        json::object object;
        for (auto const& [name, value] : from.properties) object[name] = is_secret(name) ? "***" : value;
        return object;
    };
    auto const describe = [](std::string const& path, KafkaConfig const&, std::vector<ConfigKey>& rows) {
        rows.push_back({path + ".NAME", "text, number, true or false", "\"\"",
                        "Any property of librdkafka, given to every client: `\"linger.ms\": 50`. One that would break a guarantee "
                        "is refused."});
    };
    return {"properties", read, write, describe};
}

}  // namespace

Fields<KafkaConfig> kafka_fields() {
    return {
        field("brokers", &KafkaConfig::brokers, Text{}, "Where to begin to look for the brokers: `host:port,host:port`."),
        field("topic", &KafkaConfig::topic, Text{topic_name}, "Topic of price events; created where missing."),
        field("dead_letter_topic", &KafkaConfig::dead_letter_topic, Text{topic_name},
              "Topic of records that cannot be read; created where missing."),
        field("partitions", &KafkaConfig::partitions, Whole{1, 10'000}, "Partitions of a topic that has to be created."),
        field("replication_factor", &KafkaConfig::replication_factor, Whole{0, 100},
              "Replicas of a topic that has to be created; 0: as the brokers have it by default."),
        field("group", &KafkaConfig::group, Text{not_empty}, "Consumer group that shares out the partitions."),
        properties(),
    };
}

std::vector<std::pair<std::string, std::string>> bus_faults(Config const& config) {
    std::vector<std::pair<std::string, std::string>> faults;
    auto const& kafka = config.bus.kafka;
    if (config.bus.kind != BusKind::kafka) {
        if (!kafka.brokers.empty()) faults.emplace_back("bus.kafka.brokers", "belongs to bus.kind kafka alone");
        return faults;
    }
    if (config.store.kind != StoreKind::postgresql)
        faults.emplace_back("bus.kind", "kafka needs a store on a server: set store.kind to postgresql, and store.url");
    if (kafka.brokers.empty())
        faults.emplace_back("bus.kafka.brokers", "is needed where bus.kind is kafka: \"host:port,host:port\"");
    if (kafka.topic == kafka.dead_letter_topic) faults.emplace_back("bus.kafka.dead_letter_topic", "must not be bus.kafka.topic");
    return faults;
}

}  // namespace mds::app
