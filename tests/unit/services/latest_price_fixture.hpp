#pragma once

#include "services/latest_price.hpp"

#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_store.hpp"
#include "support/scripted_provider.hpp"
#include "support/seeded_random.hpp"

#include <string>
#include <vector>

namespace mds::test {

/// The service over a real ingest and cache, a store in memory and two scripted providers "first" and "second". Reads and fetches
/// share one loop; only the ingest writer is a thread of its own.
struct LatestPriceFixture {
    /// No time passes but by the clock's hand, so the store's budget never runs out by itself.
    static LatestPriceOptions unhurried() {
        LatestPriceOptions options;
        options.store_budget = std::chrono::hours(1);
        options.commit_budget = std::chrono::hours(1);
        return options;
    }
    static IngestOptions eager() {
        IngestOptions options;
        options.retry_min = std::chrono::milliseconds(0);
        options.retry_max = std::chrono::milliseconds(0);
        return options;
    }

    explicit LatestPriceFixture(LatestPriceOptions options = unhurried(), PriceCache* shared = nullptr)
        : service(cache, store, directory, holds, ingest, clock, random, loop.executor(), support::Log::silent(), metrics, options,
                  shared) {
        directory.add(provider);
        directory.add(second);
        ingest.start();
    }
    ~LatestPriceFixture() {
        provider.release();
        second.release();
        store.release();
        loop.settle();
        ingest.drain(clock.steady_now() + std::chrono::seconds(30));
        loop.settle();
    }

    static Symbol symbol() { return *Symbol::parse("AAPL"); }
    static Series series(std::string name = "first") { return Series(symbol(), std::move(name)); }
    static LatestRequest request() { return LatestRequest(symbol(), {"first"}); }
    static LatestRequest automatic() {
        LatestRequest request(symbol(), {"first", "second"});
        request.automatic = true;
        return request;
    }

    /// A point fetched `ago`.
    PricePoint point(std::string const& price, std::chrono::seconds ago, std::string name = "first") {
        return PricePoint(Uuid::v7(clock.now(), random.next(), random.next()), series(std::move(name)), 1,
                          *Price::parse(price).price, clock.now() - ago, clock.now() - ago, Uuid{});
    }
    /// In memory and in the store.
    void remember(std::string const& price, std::chrono::seconds ago, std::string name = "first") {
        auto const known = point(price, ago, std::move(name));
        store.add(known);
        cache.offer(known);
    }
    std::int64_t cached_seq() const {
        std::int64_t seq = 0;
        cache.visit(symbol().str(), "first", [&](CachedPrice const& cached) { seq = cached.seq(); });
        return seq;
    }

    /// A task's value has to be default constructible to leave a loop.
    using Optional = std::optional<Result<LatestAnswer>>;
    Awaitable<Optional> read(LatestRequest request) {
        auto answer = co_await service.get(std::move(request));
        co_return Optional(std::move(answer));
    }
    Loop::Later<Optional> spawn(LatestRequest request) { return loop.spawn(read(std::move(request))); }
    Result<LatestAnswer> get(LatestRequest request) { return *loop.await(spawn(std::move(request))); }
    Result<LatestAnswer> get() { return get(request()); }

    bool counted(std::string const& line) const { return metrics.render().find(line + "\n") != std::string::npos; }

    ManualClock clock;
    SeededRandom random;
    support::Metrics metrics;
    MemoryStore store;
    LatestCache cache;
    Loop loop;
    Ingest ingest{store, clock, random, {&cache}, support::Log::silent(), metrics, eager()};
    ScriptedProvider provider{"first", clock, random};
    ScriptedProvider second{"second", clock, random};
    FakeDirectory directory;
    ProviderHolds holds;
    LatestPriceService service;
};

}  // namespace mds::test
