#include "services/ingest.hpp"

#include "support/catch.hpp"
#include "support/io_thread.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_store.hpp"
#include "support/seeded_random.hpp"

#include <boost/asio/detached.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

Symbol symbol(std::string_view text) {
    return *Symbol::parse(text);
}

/// Hears of commits on the writer thread.
class Hearing final : public CommitListener {
public:
    void committed(std::span<PricePoint const> points) noexcept override {
        ++calls_;
        points_ += static_cast<int>(points.size());
        if (on_commit) on_commit(points);
    }
    int calls() const { return calls_.load(); }
    int points() const { return points_.load(); }
    std::function<void(std::span<PricePoint const>)> on_commit;

private:
    std::atomic<int> calls_{0};
    std::atomic<int> points_{0};
};

struct Fixture {
    explicit Fixture(IngestOptions options = {})
        : ingest(store, clock, random, {&hearing}, support::Log::silent(), metrics, fast(options)) {}
    ~Fixture() {
        store.release();
        ingest.drain(clock.steady_now() + 10s);
        loop.settle();
    }

    /// Retries without a wait: time stands still in tests.
    static IngestOptions fast(IngestOptions options) {
        options.retry_min = 0ms;
        options.retry_max = 0ms;
        return options;
    }

    Uuid new_id() { return Uuid::v7(clock.now(), random.next(), random.next()); }

    Observation observe(std::vector<std::string> symbols, std::string price = "150.25") {
        Observation observation;
        observation.raw_id = new_id();
        observation.provider = "simulated";
        observation.answer.emplace();
        observation.answer->body = "{}";
        observation.fetched_at = clock.now();
        for (auto const& name : symbols) {
            observation.symbols.push_back(symbol(name));
            Quote quote(new_id(), *Price::parse(price).price, clock.now(), TimeSource::quote);
            observation.results.emplace_back(symbol(name), quote);
        }
        return observation;
    }

    Observation observe_reject(Outcome outcome) {
        auto observation = observe({});
        observation.symbols.push_back(symbol("AAPL"));
        observation.results.emplace_back(symbol("AAPL"), Reject(outcome, "because"));
        return observation;
    }

    using Points = Result<std::vector<PricePoint>>;
    Loop::Later<Points> submit(Observation observation) {
        auto later = loop.spawn(ingest.submit(std::move(observation)));
        loop.settle();
        return later;
    }

    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }

    ManualClock clock;
    SeededRandom random;
    MemoryStore store;
    Hearing hearing;
    support::Metrics metrics;
    Loop loop;
    Ingest ingest;
};

}  // namespace

TEST_CASE("ingest answers with the stored points in the order of the quotes, numbered densely") {
    Fixture f;
    f.ingest.start();
    auto const first = f.loop.run(f.ingest.submit(f.observe({"MSFT", "AAPL"})));
    auto const second = f.loop.run(f.ingest.submit(f.observe({"AAPL"})));
    REQUIRE(first.has_value());
    REQUIRE(first->size() == 2);
    CHECK((*first)[0].series.symbol.str() == "MSFT");
    CHECK((*first)[1].series.symbol.str() == "AAPL");
    CHECK((*first)[1].seq == 1);
    CHECK((*second)[0].seq == 2);
    CHECK(f.counted("mds_ingest_points_total 3"));
    CHECK(f.counted("mds_ingest_observations_total 2"));
}

TEST_CASE("ingest commits what arrived during a commit as one batch") {
    Fixture f;
    f.store.hold();
    f.ingest.start();
    auto first = f.submit(f.observe({"AAPL"}));
    f.store.await_commits_entered(1);
    std::vector<Loop::Later<Fixture::Points>> others;
    for (int i = 0; i < 7; ++i) others.push_back(f.submit(f.observe({"AAPL"})));
    CHECK(f.counted("mds_ingest_queued_results 8"));
    f.store.release();
    for (auto& other : others) CHECK(f.loop.await(other).has_value());
    auto const batches = f.store.batches();
    REQUIRE(batches.size() == 2);
    CHECK(batches[0].size() == 1);
    CHECK(batches[1].size() == 7);
    CHECK(f.counted("mds_ingest_queued_results 0"));
}

TEST_CASE("ingest never splits an observation, and keeps batches to their size") {
    IngestOptions options;
    options.max_batch_results = 3;
    Fixture f(options);
    std::vector<Loop::Later<Fixture::Points>> all;
    all.push_back(f.submit(f.observe({"A", "B"})));
    all.push_back(f.submit(f.observe({"C"})));
    all.push_back(f.submit(f.observe({"D", "E", "F", "G"})));
    all.push_back(f.submit(f.observe({"H"})));
    f.ingest.start();
    for (auto& one : all) CHECK(f.loop.await(one).has_value());
    auto const batches = f.store.batches();
    REQUIRE(batches.size() == 3);
    CHECK(batches[0].size() == 2);
    CHECK(batches[1].size() == 1);
    CHECK(batches[2].size() == 1);
}

TEST_CASE("ingest retries while the store is away and acknowledges nobody before the commit") {
    Fixture f;
    f.store.hold();
    f.store.fail(3, Error(ErrorCode::unavailable, "locked"));
    f.ingest.start();
    auto later = f.submit(f.observe({"AAPL"}));
    f.store.await_commits_entered(1);
    f.loop.settle();
    CHECK_FALSE(later->has_value());
    CHECK(f.ingest.healthy());
    f.store.release();
    auto const points = f.loop.await(later);
    REQUIRE(points.has_value());
    CHECK(points->front().seq == 1);
    CHECK(f.store.batches().size() == 4);
    CHECK(f.ingest.healthy());
    CHECK(f.counted("mds_ingest_retries_total 3"));
    CHECK(f.counted("mds_ingest_points_total 1"));
}

TEST_CASE("ingest says that it is not healthy while the store refuses to answer") {
    Fixture f;
    f.store.fail(1, Error(ErrorCode::unavailable, "locked"));
    f.store.hold(2);
    f.ingest.start();
    auto later = f.submit(f.observe({"AAPL"}));
    f.store.await_commits_entered(2);  // the retry waits in the store: the first failure is known
    CHECK_FALSE(f.ingest.healthy());
    f.store.release();
    CHECK(f.loop.await(later).has_value());
    CHECK(f.ingest.healthy());
}

TEST_CASE("ingest repeats a commit whose outcome is unknown, and the points keep their numbers") {
    Fixture f;
    f.store.fail(1, Error(ErrorCode::unavailable, "connection lost"), true);
    f.ingest.start();
    auto const points = f.loop.run(f.ingest.submit(f.observe({"AAPL"})));
    REQUIRE(points.has_value());
    CHECK(points->front().seq == 1);
    CHECK(f.store.points(Series(symbol("AAPL"), "simulated")).size() == 1);
    CHECK(f.counted("mds_ingest_repeated_total 1"));
    CHECK(f.counted("mds_ingest_points_total 1"));
}

TEST_CASE("ingest isolates an observation that the store refuses: it fails alone") {
    Fixture f;
    std::vector<Loop::Later<Fixture::Points>> all;
    for (int i = 0; i < 9; ++i) {
        auto observation = f.observe({"AAPL"});
        if (i == 6) f.store.poison(observation.raw_id);
        all.push_back(f.submit(std::move(observation)));
    }
    f.ingest.start();
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const points = f.loop.await(all[i]);
        if (i == 6) {
            REQUIRE(points.has_error());
            CHECK(points.error().code == ErrorCode::invalid_argument);
        } else {
            REQUIRE(points.has_value());
            CHECK(points->front().seq == static_cast<std::int64_t>(i < 6 ? i + 1 : i));
        }
    }
    CHECK(f.ingest.healthy());
    CHECK(f.counted("mds_ingest_refused_total{reason=\"invalid\"} 1"));
    CHECK(f.counted("mds_ingest_points_total 8"));
}

TEST_CASE("ingest tells its listeners once per batch, before any submitter resumes") {
    Fixture f;
    std::vector<Loop::Later<Fixture::Points>> all;
    for (auto const* const name : {"A", "B", "C", "D", "E"}) all.push_back(f.submit(f.observe({name})));
    std::vector<std::string> heard;
    std::promise<void> hearing;
    std::promise<void> looked;
    f.hearing.on_commit = [&](std::span<PricePoint const> points) {
        for (auto const& point : points) heard.push_back(point.series.symbol.str());
        hearing.set_value();
        looked.get_future().wait();  // the writer stands in the listener while the loop runs
    };
    f.ingest.start();
    hearing.get_future().wait();
    f.loop.settle();
    for (auto const& one : all) CHECK_FALSE(one->has_value());
    looked.set_value();
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const points = f.loop.await(all[i]);
        REQUIRE(points.has_value());
        REQUIRE(points->size() == 1);
        CHECK(points->front().series.symbol.str() == heard[i]);  // lent to the listeners and given back
    }
    CHECK(heard == std::vector<std::string>{"A", "B", "C", "D", "E"});
    CHECK(f.hearing.calls() == 1);
}

TEST_CASE("ingest stores rejects, counts them by outcome, and never makes a point of one") {
    Fixture f;
    f.ingest.start();
    auto const points = f.loop.run(f.ingest.submit(f.observe_reject(Outcome::no_data)));
    REQUIRE(points.has_value());
    CHECK(points->empty());
    CHECK(f.store.observations().size() == 1);
    CHECK(f.hearing.calls() == 0);
    CHECK(f.counted("mds_ingest_rejects_total{outcome=\"no_data\"} 1"));
    CHECK(f.counted("mds_ingest_points_total 0"));
}

TEST_CASE("ingest hands a price on exactly as the provider wrote it") {
    Fixture f;
    f.ingest.start();
    for (auto const* const text : {"0.1", "123456789012345678.123456789012345678", "0.000000000000000001", "70406.74"}) {
        auto const points = f.loop.run(f.ingest.submit(f.observe({"AAPL"}, text)));
        REQUIRE(points.has_value());
        CHECK(points->front().price.to_string() == text);
    }
}

TEST_CASE("ingest refuses work beyond its queue's size, and says so beforehand") {
    IngestOptions options;
    options.max_queued_results = 3;
    Fixture f(options);
    auto first = f.submit(f.observe({"A", "B"}));
    CHECK(f.ingest.accepting());
    auto second = f.submit(f.observe({"C", "D"}));
    CHECK_FALSE(f.ingest.accepting());
    auto const third = f.loop.run(f.ingest.submit(f.observe({"E"})));
    REQUIRE(third.has_error());
    CHECK(third.error().code == ErrorCode::unavailable);
    CHECK(f.counted("mds_ingest_refused_total{reason=\"full\"} 1"));
    f.ingest.start();
    CHECK(f.loop.await(first).has_value());
    CHECK(f.loop.await(second).has_value());
    CHECK(f.ingest.accepting());
}

TEST_CASE("ingest bounds the bytes that wait as well") {
    IngestOptions options;
    options.max_queued_bytes = 1000;
    Fixture f(options);
    auto big = f.observe({"A"});
    big.answer->body.assign(1000, 'x');
    auto later = f.submit(std::move(big));
    CHECK_FALSE(f.ingest.accepting());
    f.ingest.start();
    CHECK(f.loop.await(later).has_value());
    CHECK(f.ingest.accepting());
}

TEST_CASE("ingest drains: everything queued is committed, nothing new is taken") {
    Fixture f;
    std::vector<Loop::Later<Fixture::Points>> all;
    for (int i = 0; i < 20; ++i) all.push_back(f.submit(f.observe({"AAPL"})));
    f.ingest.start();
    f.ingest.interrupt();
    CHECK_FALSE(f.ingest.accepting());
    auto const late = f.loop.run(f.ingest.submit(f.observe({"AAPL"})));
    CHECK(late.has_error());
    CHECK(f.ingest.drain(f.clock.steady_now() + 10s));
    for (auto& one : all) CHECK(f.loop.await(one).has_value());
    CHECK(f.store.points(Series(symbol("AAPL"), "simulated")).size() == 20);
}

TEST_CASE("ingest gives up at the deadline of a drain, and every submitter hears of it") {
    Fixture f;
    f.store.fail(1'000'000, Error(ErrorCode::unavailable, "gone for good"));
    f.ingest.start();
    auto first = f.submit(f.observe({"AAPL"}));
    f.store.await_commits_entered(1);
    auto second = f.submit(f.observe({"AAPL"}));
    CHECK_FALSE(f.ingest.drain(f.clock.steady_now()));
    for (auto& later : {first, second}) {
        auto const points = f.loop.await(later);
        REQUIRE(points.has_error());
        CHECK(points.error().code == ErrorCode::unavailable);
    }
    CHECK(f.store.observations().empty());
    CHECK(f.counted("mds_ingest_queued_results 0"));
}

TEST_CASE("ingest that never started forgets nobody") {
    Fixture f;
    auto later = f.submit(f.observe({"AAPL"}));
    CHECK_FALSE(f.ingest.drain(f.clock.steady_now()));
    CHECK(f.loop.await(later).has_error());
}

namespace {

Awaitable<void> submit_many(Ingest& ingest, std::vector<Observation> observations, std::atomic<int>& right) {
    auto const home = std::this_thread::get_id();
    for (auto& observation : observations) {
        auto const points = co_await ingest.submit(std::move(observation));
        if (points.has_value() && points->size() == 1 && std::this_thread::get_id() == home) ++right;
    }
}

}  // namespace

TEST_CASE("ingest resumes each submitter on its own thread") {
    Fixture f;
    std::atomic<int> right{0};
    {
        support::IoThread one("one");
        support::IoThread two("two");
        for (auto* const thread : {&one, &two}) {
            for (int i = 0; i < 8; ++i) {
                std::vector<Observation> observations;
                for (int j = 0; j < 25; ++j) observations.push_back(f.observe({"AAPL"}));
                net::co_spawn(thread->executor(), submit_many(f.ingest, std::move(observations), right), net::detached);
            }
            thread->start();
        }
        f.ingest.start();
        for (auto* const thread : {&one, &two}) {
            thread->release();
            CHECK(thread->join(std::chrono::steady_clock::now() + 60s));
        }
        // Its last answer is taken before the call that gives it has returned: the threads must outlive that.
        CHECK(f.ingest.drain(f.clock.steady_now() + 10s));
    }
    CHECK(right == 400);
    CHECK(f.store.points(Series(symbol("AAPL"), "simulated")).size() == 400);
}
