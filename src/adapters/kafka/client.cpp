#include "adapters/kafka/client.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace mds::kafka {
namespace {

constexpr int syslog_error = 3;
constexpr int syslog_warning = 4;
constexpr int syslog_info = 6;
constexpr int scram_works = 0x020601ff;

ClientEvents& events_of(void* opaque) {
    return *static_cast<ClientEvents*>(opaque);
}

support::LogLevel level_of(int syslog) {
    if (syslog <= syslog_error) return support::LogLevel::error;
    if (syslog <= syslog_warning) return support::LogLevel::warning;
    return syslog <= syslog_info ? support::LogLevel::info : support::LogLevel::debug;
}

void on_log(rd_kafka_t const* client, int level, char const* facility, char const* text) {
    auto* const opaque = client == nullptr ? nullptr : rd_kafka_opaque(client);
    if (opaque != nullptr) events_of(opaque).log().write(level_of(level), "kafka.log", {{"facility", facility}, {"text", text}});
}

void on_error(rd_kafka_t*, int code, char const* reason, void* opaque) {
    auto& events = events_of(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (events.away.exchange(true)) return;
        events.log().warning("kafka.away", {{"reason", reason}});
        return;
    }
    auto const name = rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
    events.log().warning("kafka.error", {{"error", name}, {"reason", reason}});
}

void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    events_of(opaque).rebalanced(client, code, partitions);
}

void on_report(rd_kafka_t*, rd_kafka_message_t const* message, void* opaque) {
    events_of(opaque).reported(*message);
}

void set(rd_kafka_conf_t* conf, std::string const& name, std::string const& value) {
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) return;
    throw std::runtime_error("Kafka property \"" + name + "\": " + why.data());
}

void set_all(rd_kafka_conf_t* conf, Options const& options, Properties const& ours) {
    for (auto const& [name, value] : options.properties) {
        auto const fixed = std::find_if(ours.begin(), ours.end(), [&](auto const& own) { return own.first == name; });
        if (fixed != ours.end() && fixed->second != value)
            throw std::runtime_error("Kafka property \"" + name + "\" must stay \"" + fixed->second + "\": no event may be lost");
        set(conf, name, value);
    }
    set(conf, "bootstrap.servers", options.brokers);
    for (auto const& [name, value] : ours) set(conf, name, value);
}

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

/// The answer for our one topic, or for the request as a whole.
std::pair<rd_kafka_resp_err_t, std::string> answer_of(rd_kafka_event_t* event) {
    if (auto const code = rd_kafka_event_error(event)) return {code, rd_kafka_event_error_string(event)};
    auto const* const result = rd_kafka_event_CreateTopics_result(event);
    std::size_t count = 0;
    auto const** const topics = result == nullptr ? nullptr : rd_kafka_CreateTopics_result_topics(result, &count);
    if (count == 0) return {RD_KAFKA_RESP_ERR_UNKNOWN, "no answer for the topic"};
    auto const* const text = rd_kafka_topic_result_error_string(topics[0]);
    return {rd_kafka_topic_result_error(topics[0]), text == nullptr ? "" : text};
}

/// Asks for all topics: asking a broker for one by name may create it there, with the broker's idea of partitions.
Result<bool> exists(rd_kafka_t* client, Options const& options) {
    struct rd_kafka_metadata const* found = nullptr;
    auto const code = rd_kafka_metadata(client, 1, nullptr, &found, static_cast<int>(options.request_timeout.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error("the brokers are away", code, rd_kafka_err2str(code));
    bool there = false;
    for (int i = 0; i < found->topic_cnt; ++i) there = there || found->topics[i].topic == options.topic;
    rd_kafka_metadata_destroy(found);
    return there;
}

bool may_be_there_all_the_same(rd_kafka_resp_err_t code) {
    switch (code) {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE: return true;
        default: return false;
    }
}

}  // namespace

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

ClientHandle make_client(rd_kafka_type_t type, Options const& options, Properties const& ours, ClientEvents& events) {
    Conf conf(rd_kafka_conf_new());
    set_all(conf.get(), options, ours);
    rd_kafka_conf_set_opaque(conf.get(), &events);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    rd_kafka_conf_set_error_cb(conf.get(), on_error);
    if (type == RD_KAFKA_CONSUMER) rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
    if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_report);
    std::array<char, 512> why{};
    ClientHandle client(rd_kafka_new(type, conf.get(), why.data(), why.size()));
    if (!client) throw std::runtime_error("cannot make a Kafka client: " + std::string(why.data()));
    static_cast<void>(conf.release());  // the client's now
    return client;
}

Result<void> ensure_topic(rd_kafka_t* client, Options const& options, support::Log const& log) {
    auto const there = exists(client, options);
    if (!there) return there.error();
    if (*there) return {};
    std::array<char, 512> why{};
    NewTopic topic(rd_kafka_NewTopic_new(options.topic.c_str(), options.partitions, -1, why.data(), why.size()));
    if (!topic) return Error(ErrorCode::internal, "the topic cannot be created", why.data());
    AdminOptions const admin(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
    auto const wait = static_cast<int>(options.request_timeout.count());
    rd_kafka_AdminOptions_set_request_timeout(admin.get(), wait, nullptr, 0);
    rd_kafka_AdminOptions_set_operation_timeout(admin.get(), wait, nullptr, 0);
    Queue const queue(rd_kafka_queue_new(client));
    std::array<rd_kafka_NewTopic_t*, 1> topics{topic.get()};
    rd_kafka_CreateTopics(client, topics.data(), topics.size(), admin.get(), queue.get());
    Event const event(rd_kafka_queue_poll(queue.get(), 2 * wait));
    if (!event) return Error(ErrorCode::unavailable, "no answer from the brokers");
    auto const [code, text] = answer_of(event.get());
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        log.info("kafka.topic_created", {{"topic", options.topic}, {"partitions", options.partitions}});
        return {};
    }
    if (!may_be_there_all_the_same(code)) return to_error("the topic cannot be created", code, text);
    log.warning("kafka.topic_not_created", {{"topic", options.topic}, {"error", rd_kafka_err2name(code)}, {"text", text}});
    return {};
}

Error to_error(std::string what, rd_kafka_resp_err_t code, std::string detail) {
    return Error(ErrorCode::unavailable, std::move(what), std::string(rd_kafka_err2name(code)) + ": " + detail);
}

}  // namespace mds::kafka
