#include "services/latest_price.hpp"

#include "support/io_thread.hpp"
#include "support/offload.hpp"
#include "unit/services/latest_price_fixture.hpp"

#include <boost/asio/detached.hpp>

#include <atomic>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

TEST_CASE("provider=auto goes down the order and records who was passed over") {
    for (auto const outcome : {Outcome::unavailable, Outcome::timeout, Outcome::rate_limited, Outcome::quota_exhausted,
                               Outcome::auth, Outcome::entitlement, Outcome::banned, Outcome::blocked, Outcome::malformed,
                               Outcome::unclassified_error, Outcome::no_data, Outcome::unknown_symbol}) {
        LatestPriceFixture f;
        f.provider.fails(outcome);
        f.second.says("2");
        auto const answer = f.get(f.automatic());
        REQUIRE(answer.has_value());
        CHECK(answer->point.series.provider == "second");
        REQUIRE(answer->fallback.size() == 1);
        CHECK(answer->fallback[0].provider == "first");
        CHECK(answer->fallback[0].outcome == outcome);
    }
}

TEST_CASE("provider=auto passes over a provider without its key") {
    LatestPriceFixture f;
    f.provider.change_traits().missing_secret = "FIRST_API_KEY";
    f.second.says("2");
    auto const answer = f.get(f.automatic());
    REQUIRE(answer.has_value());
    CHECK(answer->point.series.provider == "second");
    CHECK(answer->fallback[0].outcome == Outcome::auth);
    CHECK(f.provider.calls() == 0);
}

TEST_CASE("provider=auto calls nobody while one of the order has a fresh price") {
    LatestPriceFixture f;
    f.remember("1", 90s, "first");
    f.remember("2", 10s, "second");
    auto const answer = f.get(f.automatic());
    REQUIRE(answer.has_value());
    CHECK(answer->point.series.provider == "second");
    CHECK(f.provider.calls() + f.second.calls() == 0);
}

TEST_CASE("provider=auto that finds nobody is 404 only if all say that the symbol is unknown") {
    LatestPriceFixture f;
    f.provider.fails(Outcome::unknown_symbol);
    f.second.fails(Outcome::unknown_symbol);
    CHECK(f.get(f.automatic()).error().code == ErrorCode::not_found);
    LatestPriceFixture g;
    g.provider.fails(Outcome::unknown_symbol);
    g.second.fails(Outcome::timeout);
    auto const mixed = g.get(g.automatic());
    CHECK(mixed.error().code == ErrorCode::unavailable);
    CHECK(mixed.error().retry_after.has_value());
    CHECK(mixed.error().message.find("first") != std::string::npos);
    CHECK(mixed.error().message.find("second") != std::string::npos);
}

TEST_CASE("provider=auto serves the newest old price when nobody answers") {
    LatestPriceFixture f;
    f.remember("1", 200s, "first");
    f.remember("2", 100s, "second");
    f.provider.fails(Outcome::unavailable);
    f.second.fails(Outcome::unavailable);
    auto const answer = f.get(f.automatic());
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    CHECK(answer->point.series.provider == "second");
    CHECK(answer->fallback.size() == 2);
}

TEST_CASE("provider=auto shares its deadline among those that are left") {
    auto options = LatestPriceFixture::unhurried();
    options.fetch_deadline = 10s;
    LatestPriceFixture f(options);
    f.provider.fails(Outcome::unavailable);
    f.second.says("2");
    auto const began = f.clock.steady_now();
    CHECK(f.get(f.automatic()).has_value());
    CHECK(f.provider.last_deadline() == began + 5s);
    CHECK(f.second.last_deadline() == began + 10s);
}

TEST_CASE("without fetching on reads a series without a point is 404, and an old price is served") {
    auto options = LatestPriceFixture::unhurried();
    options.fetch = false;
    LatestPriceFixture f(options);
    CHECK(f.get().error().code == ErrorCode::not_found);
    f.remember("1", 90s);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    auto request = f.request();
    request.on_stale = OnStale::serve;
    CHECK(f.get(request)->stale);
    f.clock.advance(24h);
    CHECK(f.get().error().code == ErrorCode::unavailable);
    f.loop.settle();
    CHECK(f.provider.calls() == 0);
}

TEST_CASE("without fetching on reads a store that is away is 503, since nobody knows whether there is a price") {
    auto options = LatestPriceFixture::unhurried();
    options.fetch = false;
    LatestPriceFixture f(options);
    f.store.fail_reads(true);
    CHECK(f.get().error().code == ErrorCode::unavailable);
}

TEST_CASE("a store that is down does not break reads that memory can answer") {
    LatestPriceFixture f;
    f.store.fail_reads(true);
    f.remember("1", 10s);
    CHECK(f.get()->source == PriceSource::memory);
    f.clock.advance(60s);
    f.provider.fails(Outcome::unavailable);
    auto const old = f.get();
    REQUIRE(old.has_value());
    CHECK(old->stale);
    CHECK(f.counted("mds_latest_price_store_failures_total 1"));
}

TEST_CASE("a store that fails is left alone for a second") {
    LatestPriceFixture f;
    f.store.fail_reads(true);
    f.provider.fails(Outcome::unavailable);
    for (int i = 0; i < 5; ++i) CHECK(f.get().has_error());
    CHECK(f.store.latest_reads() == 1);
    f.clock.advance(1s);
    CHECK(f.get().has_error());
    CHECK(f.store.latest_reads() == 2);
}

namespace {

/// Reads that never end, as of a disk that hangs.
class HangingReads final : public PriceReads {
public:
    explicit HangingReads(IoExecutor executor) : never_(executor, std::chrono::steady_clock::time_point::max()) {}
    Task<std::optional<PricePoint>> latest(Series) override {
        co_await never_.async_wait(support::as_result);
        co_return Error(ErrorCode::unavailable, "woken");
    }
    Task<HistoryPage> history(HistoryQuery) override { co_return Error(ErrorCode::unavailable, "not asked here"); }

private:
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor> never_;
};

Awaitable<LatestPriceFixture::Optional> read_from(LatestPriceService& service, LatestRequest request) {
    auto answer = co_await service.get(std::move(request));
    co_return LatestPriceFixture::Optional(std::move(answer));
}

}  // namespace

TEST_CASE("a store that hangs costs a read its budget and no more") {
    auto options = LatestPriceFixture::unhurried();
    options.store_budget = 0ms;
    LatestPriceFixture f(options);
    HangingReads hanging(f.loop.executor());
    LatestPriceService service(f.cache, hanging, f.directory, f.holds, f.ingest, f.clock, f.random, f.loop.executor(),
                               support::Log::silent(), f.metrics, options);
    f.provider.says("1");
    auto const answer = *f.loop.run(read_from(service, f.request()));
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::provider);
}

TEST_CASE("a fetched price that cannot be stored in time is not answered as if it were") {
    auto options = LatestPriceFixture::unhurried();
    options.commit_budget = 0ms;
    LatestPriceFixture f(options);
    f.store.hold();
    f.provider.says("2");
    auto const nothing = f.get();
    REQUIRE(nothing.has_error());
    CHECK(nothing.error().code == ErrorCode::unavailable);
    CHECK(f.cached_seq() == 0);
    CHECK(f.counted("mds_latest_price_unstored_total 1"));
    f.store.release();
    f.loop.run_until([&] { return f.cached_seq() == 1; });  // stored late, and seen from then on
    CHECK(f.get()->source == PriceSource::memory);
}

TEST_CASE("with the store known to be down no call is spent; a series known in memory is served, marked") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    f.provider.says("2");
    f.store.fail(1, Error(ErrorCode::unavailable, "disk full"));
    f.store.hold(2);
    Observation observation;
    observation.raw_id = Uuid::v7(f.clock.now(), 1, 1);
    auto pending = f.loop.spawn(f.ingest.submit(observation));
    f.loop.settle();
    f.store.await_commits_entered(2);
    REQUIRE_FALSE(f.ingest.healthy());
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    LatestRequest unheard(*Symbol::parse("MSFT"), {"first"});
    CHECK(f.get(unheard).error().code == ErrorCode::unavailable);
    CHECK(f.provider.calls() == 0);
    f.store.release();
    CHECK(f.loop.await(pending).has_value());
    CHECK(f.get()->source == PriceSource::provider);
}

TEST_CASE("a price that the store refuses for good is the provider's fault") {
    LatestPriceFixture f;
    f.provider.says("1");
    f.store.fail(1, Error(ErrorCode::invalid_argument, "a row was refused"));
    auto const answer = f.get();
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::upstream_invalid);
}

namespace {

Awaitable<void> read_once(LatestPriceService& service, LatestRequest request, std::atomic<int>& good) {
    auto const answer = co_await service.get(std::move(request));
    if (answer.has_value() && answer->point.seq == 1) ++good;
}

}  // namespace

TEST_CASE("simultaneous misses on several I/O threads make one provider call per series") {
    ManualClock clock;
    SeededRandom random;
    support::Metrics metrics;
    MemoryStore store;
    LatestCache cache;
    ScriptedProvider provider("first", clock, random);
    provider.says("150.25");
    FakeDirectory directory;
    directory.add(provider);
    std::atomic<int> good{0};
    {
        support::IoThread fetch("fetch");
        support::IoThread one("one");
        support::IoThread two("two");
        Ingest ingest(store, clock, random, {&cache}, support::Log::silent(), metrics);
        ProviderHolds holds;
        LatestPriceService service(cache, store, directory, holds, ingest, clock, random, fetch.executor(), support::Log::silent(),
                                   metrics, LatestPriceFixture::unhurried());
        ingest.start();
        for (auto const* const name : {"AAPL", "MSFT", "GOOG"}) {
            for (int i = 0; i < 16; ++i) {
                LatestRequest request(*Symbol::parse(name), {"first"});
                net::co_spawn((i % 2 == 0 ? one : two).executor(), read_once(service, request, good), net::detached);
            }
        }
        for (auto* const thread : {&fetch, &one, &two}) thread->start();
        for (auto* const thread : {&one, &two, &fetch}) {
            thread->release();
            CHECK(thread->join(std::chrono::steady_clock::now() + 60s));
        }
        CHECK(ingest.drain(clock.steady_now() + 10s));
    }
    CHECK(good == 48);
    CHECK(provider.calls() == 3);
}
