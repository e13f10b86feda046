#include "adapters/kafka/properties.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace mds::kafka {
namespace {

constexpr int scram_works = 0x020601ff;
constexpr int cut_off_ms = 15'000;

/// What must stay as it is. `other`: a second spelling of the value.
struct Rule {
    std::string_view name;
    std::string_view value;
    std::string_view other;
    std::string_view why;
};

constexpr std::array rules{
    Rule{"enable.idempotence", "true", "1", "or events could be lost or overtake each other"},
    Rule{"enable.gapless.guarantee", "true", "1", "or a failed event could be overtaken by a later one"},
    Rule{"acks", "all", "-1", "or an acknowledged event could be lost with its broker"},
    Rule{"request.required.acks", "all", "-1", "or an acknowledged event could be lost with its broker"},
    Rule{"message.timeout.ms", "0", "0", "or events given up by time would be overtaken by later ones"},
    Rule{"delivery.timeout.ms", "0", "0", "or events given up by time would be overtaken by later ones"},
    Rule{"partitioner", "murmur2_random", "murmur2_random", "so that a symbol is in one partition whoever publishes it"},
    Rule{"enable.auto.commit", "false", "0", "since offsets are kept in the store, with what they reflect"},
    Rule{"auto.commit.enable", "false", "0", "since offsets are kept in the store, with what they reflect"},
    Rule{"enable.auto.offset.store", "false", "0", "since offsets are kept in the store, with what they reflect"},
    Rule{"auto.offset.reset", "error", "error", "since a loss is to be noticed and mended, not jumped over"},
    Rule{"partition.assignment.strategy", "range", "range", "the one that is safe in every supported librdkafka"},
    Rule{"check.crcs", "true", "1", "or damaged records could be read"},
    Rule{"isolation.level", "read_committed", "read_committed", "or events of aborted transactions could be read"},
    Rule{"enable.partition.eof", "false", "0", "since the end of a partition is no event"},
    Rule{"allow.auto.create.topics", "false", "0", "since topics are created with bus.kafka.partitions"},
};

struct Reserved {
    std::string_view name;
    std::string_view why;
};

constexpr std::array reserved{
    Reserved{"bootstrap.servers", "is set by bus.kafka.brokers"},
    Reserved{"metadata.broker.list", "is set by bus.kafka.brokers"},
    Reserved{"group.id", "is set by bus.kafka.group"},
    Reserved{"group.instance.id", "must not be set: the partitions of a killed process would wait for its return"},
    Reserved{"transactional.id", "must not be set: what is published is guarded by the relay's cursor"},
};

std::string lower(std::string_view text) {
    std::string out;
    for (unsigned char const c : text) out.push_back(static_cast<char>(std::tolower(c)));
    return out;
}

struct DestroyConf {
    void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;

void no_log(rd_kafka_t const*, int, char const*, char const*) {}

bool knows(char const* name) {
    Conf const conf(rd_kafka_conf_new());
    std::size_t size = 0;
    return rd_kafka_conf_get(conf.get(), name, nullptr, &size) == RD_KAFKA_CONF_OK;
}

/// What librdkafka says of all of them together, which it does where a client is made: certificates that cannot be read, say.
std::string refusal(rd_kafka_type_t type, Options options) {
    options.brokers.clear();  // so that nobody is asked
    Conf conf(rd_kafka_conf_new());
    std::array<char, 512> why{};
    for (auto const& [name, value] : effective(type, options))
        if (!value.empty()) rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size());
    rd_kafka_conf_set_log_cb(conf.get(), no_log);
    auto* const client = rd_kafka_new(type, conf.get(), why.data(), why.size());
    if (client == nullptr) return why.data();
    static_cast<void>(conf.release());  // the client's now
    rd_kafka_destroy(client);
    return {};
}

Properties fixed(rd_kafka_type_t type, Options const& options) {
    if (type == RD_KAFKA_PRODUCER)
        return {
            {"bootstrap.servers", options.brokers},
            {"enable.idempotence", "true"},
            {"enable.gapless.guarantee", "true"},
            {"message.timeout.ms", "0"},
            // As Java's clients do it, so that one symbol is in one partition whoever publishes.
            {"partitioner", "murmur2_random"},
        };
    return {
        {"bootstrap.servers", options.brokers},
        {"group.id", options.group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"partition.assignment.strategy", "range"},
        {"check.crcs", "true"},
    };
}

/// Once as much is fetched ahead as may be, librdkafka looks again a second later, and whoever reads faster than that stands still
/// meanwhile. It can be told to look sooner, or, where it is too old for that, to fetch ahead what lasts a second.
Properties::value_type read_ahead() {
    if (knows("fetch.queue.backoff.ms")) return {"fetch.queue.backoff.ms", "20"};
    return {"queued.min.messages", "200000"};
}

Properties defaults(rd_kafka_type_t type, Options const& options) {
    // Nothing waits for company: what came while a request was under way goes out with the next one, and a relay that is behind
    // hands over a thousand events at once.
    if (type == RD_KAFKA_PRODUCER)
        return {{"client.id", "mds"},
                {"socket.nagle.disable", "true"},
                {"linger.ms", "0"},
                {"queue.buffering.max.messages", "100000"},
                {"message.max.bytes", "10485760"}};
    // A consumer that cannot reach the store does not poll: after so long it leaves the group, others that can go on with its
    // partitions, and it joins again with its next poll. librdkafka wants it no shorter than a session.
    auto const session = options.properties.find("session.timeout.ms");
    bool const longer = session != options.properties.end() && std::atoi(session->second.c_str()) > cut_off_ms;
    return {{"client.id", "mds"},
            {"socket.nagle.disable", "true"},
            {"session.timeout.ms", "10000"},
            {"max.poll.interval.ms", longer ? session->second : std::to_string(cut_off_ms)},
            read_ahead()};
}

}  // namespace

std::string objection(std::string const& name, std::string const& value) {
    for (auto const& entry : reserved)
        if (entry.name == name) return std::string(entry.why);
    auto const given = lower(value);
    for (auto const& rule : rules) {
        if (rule.name != name || rule.value == given || rule.other == given) continue;
        return "must stay \"" + std::string(rule.value) + "\", " + std::string(rule.why);
    }
    return {};
}

Properties effective(rd_kafka_type_t type, Options const& options) {
    Properties all = defaults(type, options);
    all.insert(all.end(), options.properties.begin(), options.properties.end());
    auto const ours = fixed(type, options);
    all.insert(all.end(), ours.begin(), ours.end());
    return all;
}

std::vector<PropertyFault> faults(Options const& options) {
    std::vector<PropertyFault> found;
    Conf const conf(rd_kafka_conf_new());
    std::array<char, 512> why{};
    for (auto const& [name, value] : options.properties) {
        if (auto const said = objection(name, value); !said.empty())
            found.push_back({name, said});
        else if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
            found.push_back({name, "is refused by librdkafka " + std::string(rd_kafka_version_str()) + ": " + why.data()});
    }
    if (!found.empty()) return found;
    for (auto const type : {RD_KAFKA_PRODUCER, RD_KAFKA_CONSUMER})
        if (auto said = refusal(type, options); !said.empty()) return {{"", "are refused by librdkafka: " + said}};
    return {};
}

std::vector<std::string> warnings(Options const& options) {
    std::vector<std::string> found;
    for (auto const* const name : {"sasl.mechanisms", "sasl.mechanism"}) {
        auto const mechanism = options.properties.find(name);
        if (mechanism == options.properties.end() || !mechanism->second.starts_with("SCRAM")) continue;
        if (rd_kafka_version() < scram_works)
            found.push_back("librdkafka " + std::string(rd_kafka_version_str()) + " cannot log in with " + mechanism->second +
                            " to brokers of 2024 and later: use 2.6.1 or newer, or SASL/PLAIN over TLS");
    }
    return found;
}

}  // namespace mds::kafka
