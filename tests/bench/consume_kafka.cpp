// The consumer without a store: reads a whole topic, parses and folds its events, and drops the averages. Or a bare librdkafka
// consumer, which drops what it reads: without a look at it, or after a look at the headers.
// Usage: consume_kafka_bench fold|bare|headers BROKERS TOPIC PARTITIONS EVENTS
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

/// All of them may fetch ahead as much as they like: librdkafka before 2.2 looks only once a second whether what was fetched is
/// used up, and without a store that is what would be measured.
kafka::Options options_for(Load const& load) {
    kafka::Options options;
    options.brokers = load.brokers;
    options.topic = load.topic;
    options.group = "bench-" + std::to_string(getpid());
    options.properties = {{"queued.min.messages", "10000000"}, {"queued.max.messages.kbytes", "2000000"}};
    return options;
}

void fold(Load const& load) {
    support::Metrics metrics;
    kafka::KafkaSource source(options_for(load), support::Log::silent(), metrics);
    Sink sink;
    AveragingOptions averaging_options;
    averaging_options.store_epoch = 1;
    averaging_options.max_batch = 5000;  // the service's default
    averaging_options.topic = load.topic;
    Averaging averaging(source, sink, sink, sink, support::Log::silent(), metrics, averaging_options);
    while (sink.reflected() < load.events) averaging.step();
    sink.stopwatch().print(load.events, sink.commits());
    if (sink.averages() == 0) throw std::runtime_error("nothing was folded");
}

/// As librdkafka has it, all of them: whoever needs one must have them taken apart.
std::size_t read_headers(rd_kafka_message_t const& message) {
    std::size_t bytes = 0;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return bytes;
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        bytes += size;
    return bytes;
}

/// With the properties of the consumer above, but without its group; by the call of librdkafka that takes the least.
void bare(Load const& load, bool with_headers) {
    kafka::ClientEvents events(support::Log::silent());
    auto const client = kafka::make_client(RD_KAFKA_CONSUMER, options_for(load), events);
    rd_kafka_poll_set_consumer(client.get());
    kafka::PartitionList const list(rd_kafka_topic_partition_list_new(load.partitions));
    for (int i = 0; i < load.partitions; ++i) rd_kafka_topic_partition_list_add(list.get(), load.topic.c_str(), i)->offset = 0;
    Stopwatch const stopwatch;
    rd_kafka_assign(client.get(), list.get());
    std::unique_ptr<rd_kafka_queue_t, kafka::Destroy<rd_kafka_queue_destroy>> const queue(
        rd_kafka_queue_get_consumer(client.get()));
    std::array<rd_kafka_message_t*, 1000> messages{};
    std::int64_t batches = 0;
    std::int64_t read = 0;
    std::size_t header_bytes = 0;
    for (; read < load.events; ++batches) {
        auto const count = rd_kafka_consume_batch_queue(queue.get(), 1000, messages.data(), messages.size());
        for (ssize_t i = 0; i < count; ++i) {
            kafka::MessageHandle const message(messages[static_cast<std::size_t>(i)]);
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++read;
            if (with_headers) header_bytes += read_headers(*message);
        }
    }
    stopwatch.print(load.events, batches);
    if (with_headers && header_bytes == 0) throw std::runtime_error("the records have no headers");
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const who = argc > 1 ? argv[1] : "";
    if (argc != 6 || (who != "fold" && who != "bare" && who != "headers")) {
        std::fprintf(stderr, "usage: %s fold|bare|headers BROKERS TOPIC PARTITIONS EVENTS\n", argv[0]);
        return 2;
    }
    Load const load{argv[2], argv[3], std::atoi(argv[4]), std::atoll(argv[5])};
    try {
        who == "fold" ? fold(load) : bare(load, who == "headers");
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
