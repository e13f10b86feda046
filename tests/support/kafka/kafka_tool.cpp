// Hosts librdkafka's mock cluster as a process of its own, or administers a real broker.
//
//   kafka_tool mock BROKERS TOPIC:PARTITIONS...    prints its bootstrap address, then carries out one command a line:
//       down BROKER | up BROKER | rtt BROKER MILLISECONDS | errors API_KEY CODE... | clear_errors API_KEY
//       leader TOPIC PARTITION BROKER | coordinator GROUP BROKER | topic TOPIC PARTITIONS
//     and answers each with "ok" or "error WHY". Ends with its standard input.
//   kafka_tool admin BOOTSTRAP COMMAND...          see kafka_admin.hpp

#include "kafka_admin.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mds::testing {
namespace {

using Words = std::vector<std::string>;

class MockHost {
public:
    MockHost(int brokers, Words const& topics) {
        auto* const conf = rd_kafka_conf_new();
        rd_kafka_conf_set(conf, "log_level", "0", nullptr, 0);
        client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
        if (!client_) throw std::runtime_error("no client");
        cluster_.reset(rd_kafka_mock_cluster_new(client_.get(), brokers));
        for (auto const& topic : topics) {
            auto const colon = topic.rfind(':');
            create_topic(topic.substr(0, colon), std::stoi(topic.substr(colon + 1)), brokers);
        }
    }

    char const* bootstrap() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }

    rd_kafka_resp_err_t carry_out(Words const& words) {
        auto* const cluster = cluster_.get();
        auto const& what = words.at(0);
        auto const number = [&](std::size_t at) { return std::stoi(words.at(at)); };
        if (what == "down") return rd_kafka_mock_broker_set_down(cluster, number(1));
        if (what == "up") return rd_kafka_mock_broker_set_up(cluster, number(1));
        if (what == "rtt") return rd_kafka_mock_broker_set_rtt(cluster, number(1), number(2));
        if (what == "leader") return rd_kafka_mock_partition_set_leader(cluster, words.at(1).c_str(), number(2), number(3));
        if (what == "coordinator") return rd_kafka_mock_coordinator_set(cluster, "group", words.at(1).c_str(), number(2));
        if (what == "topic") return rd_kafka_mock_topic_create(cluster, words.at(1).c_str(), number(2), 1);
        if (what == "errors") return push_errors(words);
        if (what == "clear_errors") {
            rd_kafka_mock_clear_request_errors(cluster, static_cast<std::int16_t>(number(1)));
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        }
        throw std::runtime_error("unknown command " + what);
    }

private:
    void create_topic(std::string const& name, int partitions, int brokers) {
        rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
        // Dealt in turn: a test that moves leaders, or takes one broker away, wants to know where they were.
        for (int partition = 0; partition < partitions; ++partition)
            rd_kafka_mock_partition_set_leader(cluster_.get(), name.c_str(), partition, 1 + partition % brokers);
    }

    rd_kafka_resp_err_t push_errors(Words const& words) {
        std::vector<rd_kafka_resp_err_t> codes;
        for (std::size_t i = 2; i < words.size(); ++i) codes.push_back(static_cast<rd_kafka_resp_err_t>(std::stoi(words[i])));
        rd_kafka_mock_push_request_errors_array(cluster_.get(), static_cast<std::int16_t>(std::stoi(words.at(1))), codes.size(),
                                                codes.data());
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }

    struct DestroyClient {
        void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
    };
    struct DestroyCluster {
        void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
    };
    std::unique_ptr<rd_kafka_t, DestroyClient> client_;
    std::unique_ptr<rd_kafka_mock_cluster_t, DestroyCluster> cluster_;
};

void serve_mock(int brokers, Words const& topics) {
    MockHost host(brokers, topics);
    std::cout << host.bootstrap() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream text(line);
        Words words;
        for (std::string word; text >> word;) words.push_back(word);
        try {
            auto const code = host.carry_out(words);
            std::cout << (code == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : std::string("error ") + rd_kafka_err2name(code)) << std::endl;
        } catch (std::exception const& error) {
            std::cout << "error " << error.what() << std::endl;
        }
    }
}

}  // namespace
}  // namespace mds::testing

int main(int count, char** arguments) {
    std::vector<std::string> const words(arguments + 1, arguments + count);
    try {
        if (words.size() >= 3 && words[0] == "mock") {
            mds::testing::serve_mock(std::stoi(words[1]), {words.begin() + 2, words.end()});
        } else if (words.size() >= 3 && words[0] == "admin") {
            mds::testing::administer(words[1], {words.begin() + 2, words.end()});
        } else {
            std::cerr << "kafka_tool: mock BROKERS TOPIC:PARTITIONS... or admin BOOTSTRAP COMMAND...\n";
            return 2;
        }
    } catch (std::exception const& error) {
        std::cerr << "kafka_tool: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
