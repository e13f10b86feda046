#include "adapters/kafka/topics.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace mds::kafka {
namespace {

/// A dead letter is larger than the record that it was, by where that stood and what was wrong with it.
constexpr char const* largest_dead_letter = "10485760";

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

using Metadata = std::unique_ptr<struct rd_kafka_metadata const, Destroy<rd_kafka_metadata_destroy>>;

/// Of all topics: asking a broker for one by name may create it there, with the broker's idea of partitions.
Result<Metadata> all_topics(rd_kafka_t* client, Options const& options) {
    struct rd_kafka_metadata const* found = nullptr;
    auto const code = rd_kafka_metadata(client, 1, nullptr, &found, static_cast<int>(options.request_timeout.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error("the brokers are away", code, rd_kafka_err2str(code));
    return Metadata(found);
}

rd_kafka_metadata_topic const* find(struct rd_kafka_metadata const& all, std::string const& name) {
    for (int i = 0; i < all.topic_cnt; ++i) {
        if (all.topics[i].topic == name) return &all.topics[i];
    }
    return nullptr;
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

Result<void> create(rd_kafka_t* client, std::string const& name, Options const& options, support::Log const& log) {
    std::array<char, 512> why{};
    int const replicas = options.replication_factor == 0 ? -1 : options.replication_factor;
    NewTopic topic(rd_kafka_NewTopic_new(name.c_str(), options.partitions, replicas, why.data(), why.size()));
    if (!topic) return Error(ErrorCode::internal, "the topic cannot be created", why.data());
    if (name == options.dead_letter_topic) rd_kafka_NewTopic_set_config(topic.get(), "max.message.bytes", largest_dead_letter);
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
        log.info("kafka.topic_created", {{"topic", name}, {"partitions", options.partitions}});
        return {};
    }
    if (!may_be_there_all_the_same(code)) return to_error("the topic cannot be created", code, text);
    log.warning("kafka.topic_not_created", {{"topic", name}, {"error", rd_kafka_err2name(code)}, {"text", text}});
    return {};
}

}  // namespace

Result<void> ensure_topics(rd_kafka_t* client, Options const& options, support::Log const& log) {
    auto const all = all_topics(client, options);
    if (!all) return all.error();
    for (auto const* const name : {&options.topic, &options.dead_letter_topic}) {
        if (find(**all, *name) != nullptr) continue;
        if (auto const done = create(client, *name, options, log); !done) return done;
    }
    return {};
}

Result<std::int32_t> partition_count(rd_kafka_t* client, Options const& options) {
    auto const all = all_topics(client, options);
    if (!all) return all.error();
    auto const* const topic = find(**all, options.topic);
    if (topic == nullptr || topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt == 0)
        return Error(ErrorCode::unavailable, "the topic is not there");
    return std::int32_t{topic->partition_cnt};
}

/// None of the other arguments matters to this partitioner.
std::int32_t partition_of(std::string_view key, std::int32_t count) {
    return rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), count, nullptr, nullptr);
}

}  // namespace mds::kafka
