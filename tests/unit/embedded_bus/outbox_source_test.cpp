#include "support/averaging_world.hpp"
#include "support/catch.hpp"
#include "support/memory_outbox.hpp"

#include "adapters/embedded_bus/outbox_source.hpp"
#include "modules/consumer/consumer_module.hpp"
#include "modules/relay/relay_module.hpp"
#include "support/metrics.hpp"

#include <future>
#include <thread>

using namespace mds;
using namespace mds::testing;
using embedded_bus::OutboxSource;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds no_wait{0};
Series const apple = series_of("AAPL");

PricePoint point(std::int64_t seq) {
    return point_of(apple, seq, Price::from_units(seq));
}

/// What a poll gave, in a word.
std::string told(Result<BusSignal> const& signal) {
    if (!signal) return "error";
    if (auto const* const assigned = std::get_if<PartitionsAssigned>(&*signal)) {
        return assigned->partitions == std::vector<std::int32_t>{0} ? "assigned" : "?";
    }
    if (auto const* const read = std::get_if<RecordsRead>(&*signal)) {
        auto const& records = read->runs.front().records;
        return "read " + std::to_string(records.front().offset) + "-" + std::to_string(records.back().offset);
    }
    if (auto const* const lost = std::get_if<RecordsLost>(&*signal)) {
        return "lost " + std::to_string(lost->wanted) + " at " + std::to_string(lost->available);
    }
    return std::holds_alternative<NothingYet>(*signal) ? "nothing" : "revoked";
}

/// Far longer than any test takes: only a notification ends such a wait.
constexpr milliseconds for_ever{600'000};

}  // namespace

TEST_CASE("the embedded bus is one partition, read from where the reader says") {
    MemoryOutbox outbox;
    for (int i = 1; i <= 5; ++i) outbox.append(point(i));
    OutboxSource source(outbox);
    CHECK(told(source.poll(10, no_wait)) == "assigned");
    CHECK(told(source.poll(10, no_wait)) == "nothing");
    source.start(0, 0);
    CHECK(told(source.poll(2, for_ever)) == "read 1-2");
    CHECK(told(source.poll(2, for_ever)) == "read 3-4");
    CHECK(told(source.poll(2, for_ever)) == "read 5-5");
    CHECK(told(source.poll(2, no_wait)) == "nothing");
    source.start(0, 4);
    CHECK(told(source.poll(10, for_ever)) == "read 4-5");
}

TEST_CASE("an error of the log is told, and the same place is read again") {
    MemoryOutbox outbox;
    outbox.append(point(1));
    OutboxSource source(outbox);
    (void)source.poll(10, no_wait);
    source.start(0, 1);
    outbox.away = true;
    CHECK(told(source.poll(10, for_ever)) == "error");
    outbox.away = false;
    CHECK(told(source.poll(10, for_ever)) == "read 1-1");
}

TEST_CASE("pruned entries are lost records, and reading goes on behind the head") {
    MemoryOutbox outbox;
    for (int i = 1; i <= 5; ++i) outbox.append(point(i));
    outbox.first = 4;
    OutboxSource source(outbox);
    (void)source.poll(10, no_wait);
    source.start(0, 2);
    CHECK(told(source.poll(10, for_ever)) == "lost 2 at 6");
    CHECK(told(source.poll(10, no_wait)) == "nothing");
    source.start(0, 6);
    outbox.append(point(6));
    CHECK(told(source.poll(10, for_ever)) == "read 6-6");
}

TEST_CASE("what another process commits is found without a word") {
    MemoryOutbox outbox;
    OutboxSource source(outbox, std::chrono::milliseconds(1));
    (void)source.poll(10, no_wait);
    source.start(0, 1);
    CHECK(told(source.poll(10, for_ever)) == "nothing");
    outbox.append(point(1));
    CHECK(told(source.poll(10, for_ever)) == "read 1-1");
}

TEST_CASE("a dead letter in the log is passed over") {
    MemoryOutbox outbox;
    outbox.append(point(1));
    outbox.append(DeadLetter{});
    outbox.append(point(2));
    outbox.append(DeadLetter{});
    OutboxSource source(outbox);
    (void)source.poll(10, no_wait);
    source.start(0, 1);
    CHECK(told(source.poll(2, for_ever)) == "read 1-1");
    CHECK(told(source.poll(1, for_ever)) == "read 3-3");
    CHECK(told(source.poll(1, for_ever)) == "nothing");
    outbox.append(point(3));
    CHECK(told(source.poll(1, for_ever)) == "read 5-5");
}

TEST_CASE("a poll that waits is woken by a commit and by interrupt") {
    MemoryOutbox outbox;
    OutboxSource source(outbox, for_ever);
    (void)source.poll(10, no_wait);
    source.start(0, 1);
    CHECK(told(source.poll(10, no_wait)) == "nothing");

    auto polled = std::async(std::launch::async, [&] { return told(source.poll(10, for_ever)); });
    outbox.append(point(1));
    source.committed({});
    CHECK(polled.get() == "read 1-1");

    polled = std::async(std::launch::async, [&] { return told(source.poll(10, for_ever)); });
    source.interrupt();
    CHECK(polled.get() == "nothing");
    CHECK(told(source.poll(10, for_ever)) == "nothing");
}

TEST_CASE("an idle poll reads the log once") {
    MemoryOutbox outbox;
    OutboxSource source(outbox);
    (void)source.poll(10, no_wait);
    source.start(0, 1);
    for (int i = 0; i < 10; ++i) CHECK(told(source.poll(10, no_wait)) == "nothing");
    CHECK(outbox.reads == 10);
}

TEST_CASE("the consumer module folds what is committed while it runs, and stops at once") {
    MemoryOutbox outbox;
    OutboxSource source(outbox);
    FakeAveragingStore store;
    support::Metrics metrics;
    std::promise<void> started;
    bool first = true;
    store.fault = [&] {
        if (std::exchange(first, false)) started.set_value();
        return Fault::none;
    };
    for (int i = 1; i <= 5; ++i) outbox.append(store.add(apple, Price::from_units(i)));
    AveragingOptions options;
    options.poll_wait = for_ever;
    Averaging averaging(source, store, store, store, support::Log::silent(), metrics, options);
    consumer::ConsumerModule module(averaging, source);
    CHECK(module.name() == "consumer");
    CHECK_FALSE(module.health().ready);
    module.start();
    started.get_future().wait();
    while (metrics.render().find("mds_averaging_averages_total 1\n") == std::string::npos) std::this_thread::yield();
    CHECK(module.health().ready);
    module.interrupt();
    module.interrupt();
    CHECK(module.drain(std::chrono::steady_clock::now() + seconds(60)));
    CHECK_FALSE(module.health().ready);
    CHECK(store.averages.size() == 1);
}

TEST_CASE("drain of a consumer whose store hangs gives up at its deadline") {
    MemoryOutbox outbox;
    OutboxSource source(outbox);
    FakeAveragingStore store;
    support::Metrics metrics;
    std::promise<void> entered;
    std::promise<void> release;
    store.fault = [&, once = true]() mutable {
        if (std::exchange(once, false)) {
            entered.set_value();
            release.get_future().wait();
        }
        return Fault::none;
    };
    Averaging averaging(source, store, store, store, support::Log::silent(), metrics, AveragingOptions());
    consumer::ConsumerModule module(averaging, source);
    module.start();
    entered.get_future().wait();
    module.interrupt();
    CHECK_FALSE(module.drain(std::chrono::steady_clock::now()));
    release.set_value();
    CHECK(module.drain(std::chrono::steady_clock::now() + seconds(60)));
}

TEST_CASE("the relay module prunes the outbox while it runs") {
    struct Pruner final : OutboxPruner, RawRetention {
        std::promise<void> asked;
        bool once = true;
        Result<std::size_t> prune(UtcTime, std::size_t) override {
            if (std::exchange(once, false)) asked.set_value();
            return std::size_t{0};
        }
        Result<std::size_t> prune_raw(UtcTime, std::size_t) override { return std::size_t{0}; }
    };
    struct Epoch final : Clock {
        UtcTime now() const noexcept override { return {}; }
        SteadyTime steady_now() const noexcept override { return {}; }
    };
    Pruner pruner;
    Epoch clock;
    support::Metrics metrics;
    Retention retention(pruner, pruner, clock, support::Log::silent(), metrics);
    relay::RelayModule module(retention, nullptr);
    CHECK_FALSE(module.health().ready);
    module.start();
    pruner.asked.get_future().wait();
    CHECK(module.health().ready);
    module.interrupt();
    CHECK(module.drain(std::chrono::steady_clock::now() + seconds(60)));
}
