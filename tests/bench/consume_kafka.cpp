// The consumer without a store: reads a whole topic, parses and folds its events, and drops the averages. Or a bare librdkafka
// consumer, which drops what it reads.
// Usage: consume_kafka_bench fold|bare BROKERS TOPIC PARTITIONS EVENTS
// Prints one line of JSON. Time and processor time count from the moment when the partitions are known.

#include "adapters/kafka/kafka_source.hpp"
#include "services/averaging.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace mds;
using SteadyClock = std::chrono::steady_clock;

struct Load {
    std::string brokers;
    std::string topic;
    int partitions = 0;
    std::int64_t events = 0;
};

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto const seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
public:
    void print(std::int64_t events, std::int64_t batches) const {
        double const wall = std::chrono::duration<double>(SteadyClock::now() - began_).count();
        std::printf(R"({"events":%lld,"batches":%lld,"seconds":%.6f,"cpu":%.6f})"
                    "\n",
                    static_cast<long long>(events), static_cast<long long>(batches), wall, cpu_seconds() - cpu_);
    }

private:
    double cpu_ = cpu_seconds();
    SteadyClock::time_point began_ = SteadyClock::now();
};

/// Says yes to everything. The topic begins with the first point of each series, so nobody asks for its history.
class Sink final : public AveragingStore, public SeriesHistory, public LatestPrices {
public:
    Result<PartitionClaim> claim(std::string_view topic, std::int32_t partition) override {
        if (!stopwatch_) stopwatch_ = std::make_unique<Stopwatch>();
        return PartitionClaim{std::string(topic), partition, 1, 0};
    }
    Result<void> commit(std::span<AveragingBatch const> batches, std::function<void()> const&) override {
        for (auto const& batch : batches) {
            reflected_ += batch.new_next - batch.claim.next;
            averages_ += static_cast<std::int64_t>(batch.averages.size());
        }
        ++commits_;
        return {};
    }
    Result<SeriesProgress> progress(Series const&) override { return SeriesProgress{}; }
    Result<std::vector<PricePoint>> points(Series const& series, std::int64_t, std::int64_t) override {
        throw std::runtime_error("the topic does not begin with the first point of " + series.symbol.str());
    }
    Result<void> for_each_latest(std::function<void(PricePoint const&)> const&) override { return {}; }

    std::int64_t reflected() const noexcept { return reflected_; }
    std::int64_t averages() const noexcept { return averages_; }
    std::int64_t commits() const noexcept { return commits_; }
    Stopwatch const& stopwatch() const noexcept { return *stopwatch_; }

private:
    std::unique_ptr<Stopwatch> stopwatch_;
    std::int64_t reflected_ = 0;
    std::int64_t averages_ = 0;
    std::int64_t commits_ = 0;
};

void fold(Load const& load) {
    support::Metrics metrics;
    kafka::Options options;
    options.brokers = load.brokers;
    options.topic = load.topic;
    options.group = "bench-" + std::to_string(getpid());
    kafka::KafkaSource source(options, support::Log::silent(), metrics);
    Sink sink;
    AveragingOptions averaging_options;
    averaging_options.store_epoch = 1;
    averaging_options.topic = load.topic;
    Averaging averaging(source, sink, sink, sink, support::Log::silent(), metrics, averaging_options);
    while (sink.reflected() < load.events) averaging.step();
    sink.stopwatch().print(load.events, sink.commits());
    if (sink.averages() == 0) throw std::runtime_error("nothing was folded");
}

template <auto Free>
struct Destroy {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

void set(rd_kafka_conf_t* conf, char const* name, std::string const& value) {
    std::array<char, 256> why{};
    if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
        throw std::runtime_error(why.data());
}

void bare(Load const& load) {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", load.brokers);
    set(conf, "broker.address.family", "v4");
    set(conf, "group.id", "bare-" + std::to_string(getpid()));
    set(conf, "enable.auto.commit", "false");
    std::array<char, 256> why{};
    std::unique_ptr<rd_kafka_t, Destroy<rd_kafka_destroy>> const client(
        rd_kafka_new(RD_KAFKA_CONSUMER, conf, why.data(), why.size()));
    if (!client) throw std::runtime_error(why.data());
    rd_kafka_poll_set_consumer(client.get());
    std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>> const list(
        rd_kafka_topic_partition_list_new(load.partitions));
    for (int i = 0; i < load.partitions; ++i) rd_kafka_topic_partition_list_add(list.get(), load.topic.c_str(), i)->offset = 0;
    Stopwatch const stopwatch;
    rd_kafka_assign(client.get(), list.get());
    std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>> const queue(rd_kafka_queue_get_consumer(client.get()));
    std::array<rd_kafka_message_t*, 1000> messages{};
    std::int64_t batches = 0;
    for (std::int64_t read = 0; read < load.events; ++batches) {
        auto const count = rd_kafka_consume_batch_queue(queue.get(), 1000, messages.data(), messages.size());
        for (ssize_t i = 0; i < count; ++i) {
            if (messages[static_cast<std::size_t>(i)]->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++read;
            rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
        }
    }
    stopwatch.print(load.events, batches);
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const who = argc > 1 ? argv[1] : "";
    if (argc != 6 || (who != "fold" && who != "bare")) {
        std::fprintf(stderr, "usage: %s fold|bare BROKERS TOPIC PARTITIONS EVENTS\n", argv[0]);
        return 2;
    }
    Load const load{argv[2], argv[3], std::atoi(argv[4]), std::atoll(argv[5])};
    try {
        who == "fold" ? fold(load) : bare(load);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
