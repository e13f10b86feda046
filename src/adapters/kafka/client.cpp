#include "adapters/kafka/client.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

namespace mds::kafka {
namespace {

constexpr int syslog_error = 3;
constexpr int syslog_warning = 4;
constexpr int syslog_info = 6;

ClientEvents& events_of(void* opaque) {
    return *static_cast<ClientEvents*>(opaque);
}

support::LogLevel level_of(int syslog) {
    if (syslog <= syslog_error) return support::LogLevel::error;
    if (syslog <= syslog_warning) return support::LogLevel::warning;
    return syslog <= syslog_info ? support::LogLevel::info : support::LogLevel::debug;
}

/// What librdkafka says of every start: of properties that only the other kind of client uses, since they go to all, and that a
/// setting of ours is young.
bool is_known(std::string_view text) {
    return text.find("and will be ignored by this") != text.npos ||
           text.find("enable.gapless.guarantee is experimental") != text.npos;
}

void on_log(rd_kafka_t const* client, int level, char const* facility, char const* text) {
    auto* const opaque = client == nullptr ? nullptr : rd_kafka_opaque(client);
    if (is_known(text)) return;
    if (opaque != nullptr) events_of(opaque).log().write(level_of(level), "kafka.log", {{"facility", facility}, {"text", text}});
}

void on_error(rd_kafka_t*, int code, char const* reason, void* opaque) {
    auto& events = events_of(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (!events.gone()) return;
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

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;

}  // namespace

void ClientEvents::heard() noexcept {
    reached_.store(true);
    if (away_.exchange(false)) log_.info("kafka.back");
}

Health ClientEvents::health() const {
    if (away()) return {false, "the brokers are away"};
    if (!reached_.load()) return {false, "waiting for the brokers"};
    return {true, {}};
}

ClientHandle make_client(rd_kafka_type_t type, Options const& options, ClientEvents& events) {
    for (auto const& [name, value] : options.properties)
        if (auto const why = objection(name, value); !why.empty()) throw std::runtime_error("Kafka property " + name + " " + why);
    Conf conf(rd_kafka_conf_new());
    for (auto const& [name, value] : effective(type, options)) set(conf.get(), name, value);
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

bool answers(rd_kafka_t* client, std::chrono::milliseconds wait) {
    struct rd_kafka_metadata const* found = nullptr;
    auto const code = rd_kafka_metadata(client, 0, nullptr, &found, static_cast<int>(wait.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(found);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

Error to_error(std::string what, rd_kafka_resp_err_t code, std::string detail) {
    return Error(ErrorCode::unavailable, std::move(what), std::string(rd_kafka_err2name(code)) + ": " + detail);
}

}  // namespace mds::kafka
