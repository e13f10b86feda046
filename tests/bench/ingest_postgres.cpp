// The ingest of the service on PostgreSQL under a closed load: so many observations are on their way at any time, each one raw
// answer with one price, and its submitter sends the next one once it is durable.
// Usage: ingest_postgres_bench URL [seconds] [in flight] [series]
// Prints "started" when the warm-up is over, and the counts as one line of JSON when the measured time is: whoever started it reads
// the processor time of the server at these moments.

#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "adapters/postgres/store.hpp"
#include "services/ingest.hpp"
#include "support/io_thread.hpp"

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace mds;
using SteadyClock = std::chrono::steady_clock;

struct Load {
    std::string url;
    int seconds = 5;
    int in_flight = 400;
    int series = 200;
};

constexpr std::chrono::seconds warm_up{2};

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto const seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class CommitCount final : public CommitListener {
public:
    void committed(std::span<PricePoint const> points) noexcept override {
        batches_.fetch_add(1, std::memory_order_relaxed);
        points_.fetch_add(static_cast<std::int64_t>(points.size()), std::memory_order_relaxed);
    }
    std::int64_t batches() const noexcept { return batches_.load(std::memory_order_relaxed); }
    std::int64_t points() const noexcept { return points_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> batches_{0};
    std::atomic<std::int64_t> points_{0};
};

/// Of one I/O thread; stop() may be called from any.
class Submitters {
public:
    Submitters(Ingest& ingest, int series) : ingest_(ingest) {
        for (int i = 0; i < series; ++i) symbols_.push_back(*Symbol::parse("SYM" + std::to_string(i)));
    }

    Awaitable<void> run() {
        while (!stopping_.load(std::memory_order_relaxed)) {
            Observation observation = next();
            auto const stored = co_await ingest_.submit(std::move(observation));
            if (!stored) co_return;
        }
    }
    void stop() noexcept { stopping_.store(true); }

private:
    /// As a provider's answer with one quote becomes it.
    Observation next() {
        Symbol const& symbol = symbols_[number_ % symbols_.size()];
        UtcTime const now = clock_.now();
        Observation fetched;
        fetched.raw_id = Uuid::v7(now, random_.next(), random_.next());
        fetched.provider = "simulated";
        fetched.symbols.push_back(symbol);
        fetched.answer.emplace();
        fetched.answer->body = body_;
        fetched.fetched_at = now;
        auto const cents = Int128(10'000 + static_cast<std::int64_t>(number_ % 10'000));
        Quote const quote(Uuid::v7(now, random_.next(), random_.next()), Price::from_units(cents * 10'000'000'000'000'000), now,
                          TimeSource::quote);
        fetched.results.emplace_back(symbol, quote);
        ++number_;
        return fetched;
    }

    Ingest& ingest_;
    clock::SystemClock clock_;
    clock::SystemRandom random_;
    std::vector<Symbol> symbols_;
    std::string const body_ = std::string(300, 'x');
    std::size_t number_ = 0;
    std::atomic<bool> stopping_{false};
};

void measure(Load const& load, CommitCount const& count) {
    std::this_thread::sleep_for(warm_up);
    std::int64_t const points = count.points();
    std::int64_t const batches = count.batches();
    double const cpu = cpu_seconds();
    auto const began = SteadyClock::now();
    std::puts("started");
    std::fflush(stdout);
    std::this_thread::sleep_until(began + std::chrono::seconds(load.seconds));
    std::int64_t const stored = count.points() - points;
    double const wall = std::chrono::duration<double>(SteadyClock::now() - began).count();
    std::printf(R"({"events":%lld,"batches":%lld,"seconds":%.6f,"cpu":%.6f})"
                "\n",
                static_cast<long long>(stored), static_cast<long long>(count.batches() - batches), wall, cpu_seconds() - cpu);
    std::fflush(stdout);
}

bool run(Load const& load) {
    support::Metrics metrics;
    support::IoThread io("bench-io");
    postgres::StoreOptions options;
    options.url = load.url;
    postgres::Store store(options, support::Log::silent(), metrics);
    clock::SystemClock clock;
    clock::SystemRandom random;
    CommitCount count;
    Ingest ingest(store.ingest(), clock, random, {&count}, support::Log::silent(), metrics);
    Submitters submitters(ingest, load.series);
    ingest.start();
    for (int i = 0; i < load.in_flight; ++i) net::co_spawn(io.context(), submitters.run(), net::detached);
    io.start();
    measure(load, count);
    submitters.stop();
    bool const drained = ingest.drain(clock.steady_now() + std::chrono::seconds(10));
    io.release();
    io.join(SteadyClock::now() + std::chrono::seconds(10));
    return drained;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s URL [seconds] [in flight] [series]\n", argv[0]);
        return 2;
    }
    Load load;
    load.url = argv[1];
    if (argc > 2) load.seconds = std::atoi(argv[2]);
    if (argc > 3) load.in_flight = std::atoi(argv[3]);
    if (argc > 4) load.series = std::atoi(argv[4]);
    try {
        if (run(load)) return 0;
        std::fprintf(stderr, "not everything could be stored\n");
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
    }
    return 1;
}
