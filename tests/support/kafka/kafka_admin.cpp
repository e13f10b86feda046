#include "kafka_admin.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace mds::testing {
namespace {

template <auto Function>
struct Destroy {
    void operator()(auto* thing) const { Function(thing); }
};
using Client = std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

constexpr int patience_ms = 20'000;

Client make_client(std::string const& bootstrap) {
    std::array<char, 512> why{};
    auto* const conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), nullptr, 0);
    rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
    Client client(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size()));
    if (!client) throw std::runtime_error(why.data());
    return client;
}

void check(rd_kafka_resp_err_t code, char const* text) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(text == nullptr ? rd_kafka_err2str(code) : text);
}

void check_topics(rd_kafka_topic_result_t const* const* topics, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        check(rd_kafka_topic_result_error(topics[i]), rd_kafka_topic_result_error_string(topics[i]));
}

void check_answer(rd_kafka_event_t* event) {
    if (event == nullptr) throw std::runtime_error("no answer from the brokers");
    check(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    std::size_t count = 0;
    if (auto const* const created = rd_kafka_event_CreateTopics_result(event))
        check_topics(rd_kafka_CreateTopics_result_topics(created, &count), count);
    if (auto const* const deleted = rd_kafka_event_DeleteTopics_result(event))
        check_topics(rd_kafka_DeleteTopics_result_topics(deleted, &count), count);
    if (auto const* const grown = rd_kafka_event_CreatePartitions_result(event))
        check_topics(rd_kafka_CreatePartitions_result_topics(grown, &count), count);
    if (auto const* const records = rd_kafka_event_DeleteRecords_result(event)) {
        auto const* const list = rd_kafka_DeleteRecords_result_offsets(records);
        for (int i = 0; i < list->cnt; ++i) check(list->elems[i].err, nullptr);
    }
}

void create_topic(rd_kafka_t* client, std::string const& topic, int partitions, rd_kafka_AdminOptions_t* options,
                  rd_kafka_queue_t* queue) {
    auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, nullptr, 0);
    // Keys and values of a megabyte are part of the tests.
    rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", "4000000");
    rd_kafka_CreateTopics(client, &wanted, 1, options, queue);
    rd_kafka_NewTopic_destroy(wanted);
}

void delete_records(rd_kafka_t* client, std::vector<std::string> const& command, rd_kafka_AdminOptions_t* options,
                    rd_kafka_queue_t* queue) {
    auto* const before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, command.at(1).c_str(), std::stoi(command.at(2)))->offset = std::stoll(command.at(3));
    auto* wanted = rd_kafka_DeleteRecords_new(before);
    rd_kafka_DeleteRecords(client, &wanted, 1, options, queue);
    rd_kafka_DeleteRecords_destroy(wanted);
    rd_kafka_topic_partition_list_destroy(before);
}

}  // namespace

void administer(std::string const& bootstrap, std::vector<std::string> const& command) {
    Client const client = make_client(bootstrap);
    Queue const queue(rd_kafka_queue_new(client.get()));
    Options const options(rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_ANY));
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), patience_ms, nullptr, 0);
    auto const& topic = command.at(1);
    if (command.at(0) == "create_topic") {
        create_topic(client.get(), topic, std::stoi(command.at(2)), options.get(), queue.get());
    } else if (command.at(0) == "delete_topic") {
        auto* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
        rd_kafka_DeleteTopics(client.get(), &wanted, 1, options.get(), queue.get());
        rd_kafka_DeleteTopic_destroy(wanted);
    } else if (command.at(0) == "create_partitions") {
        auto* wanted = rd_kafka_NewPartitions_new(topic.c_str(), std::stoul(command.at(2)), nullptr, 0);
        rd_kafka_CreatePartitions(client.get(), &wanted, 1, options.get(), queue.get());
        rd_kafka_NewPartitions_destroy(wanted);
    } else if (command.at(0) == "delete_records") {
        delete_records(client.get(), command, options.get(), queue.get());
    } else {
        throw std::runtime_error("unknown command " + command.at(0));
    }
    Event const event(rd_kafka_queue_poll(queue.get(), patience_ms));
    check_answer(event.get());
}

}  // namespace mds::testing
