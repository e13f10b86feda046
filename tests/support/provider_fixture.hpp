#pragma once
// One provider of the shipped catalogue, pointed at a stub server and driven by a loop that the test runs by hand.

#include <adapters/providers/directory.hpp>
#include <support/provider_samples.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>

namespace mds::test {

/// The wall clock stands still, the other one runs: libcurl's deadlines are real.
class StillClock final : public Clock {
public:
    UtcTime now() const noexcept override { return at; }
    SteadyTime steady_now() const noexcept override { return std::chrono::steady_clock::now() + moved; }
    UtcTime at = *parse_rfc3339("2026-01-02T03:04:05.678901Z");
    std::chrono::nanoseconds moved{0};
};

/// Time passes at once, and is written down.
class InstantTimer final : public Timer {
public:
    explicit InstantTimer(StillClock& clock) : clock_(clock) {}
    Awaitable<bool> sleep_until(SteadyTime when) override {
        auto const by = when - clock_.steady_now();
        clock_.moved += by;
        slept.push_back(by);
        co_return !cancelled;
    }
    void cancel_all() noexcept override { cancelled = true; }

    std::deque<std::chrono::nanoseconds> slept;
    bool cancelled = false;

private:
    StillClock& clock_;
};

class CountingRandom final : public Random {
public:
    std::uint64_t next() noexcept override { return ++last_; }

private:
    std::uint64_t last_ = 0;
};

class ProviderFixture {
public:
    explicit ProviderFixture(std::vector<std::string> const& further = {}, providers::HttpOptions http = {},
                             std::vector<providers::SimulatedOptions> simulated = {providers::SimulatedOptions()})
        : timer(clock), directory(shipped_catalogue(further), std::move(simulated), std::move(http),
                                  providers::DirectoryContext{loop.get_executor(), clock, timer, random, metrics}) {
        ::setenv("no_proxy", "127.0.0.1", 1);  // the stub is not behind whatever proxy this machine has
    }

    FetchAnswer fetch(std::string const& provider, std::vector<std::string> const& names,
                      std::chrono::milliseconds within = std::chrono::seconds(10)) {
        std::optional<FetchAnswer> answer;
        net::co_spawn(loop, fetch_into(provider, names, within, answer), net::detached);
        run_until([&] { return answer.has_value(); });
        return std::move(*answer);
    }

    Awaitable<void> fetch_into(std::string provider, std::vector<std::string> names, std::chrono::milliseconds within,
                               std::optional<FetchAnswer>& answer) {
        std::vector<Symbol> symbols;
        for (auto const& name : names) symbols.push_back(*Symbol::parse(name, SymbolCase::preserve));
        answer = co_await directory.find(provider)->fetch(std::move(symbols), clock.steady_now() + within, FetchCause::schedule);
    }

    template <class Done>
    void run_until(Done done) {
        while (!done()) {
            loop.restart();
            loop.run_one();
        }
    }

    net::io_context loop{1};
    StillClock clock;
    InstantTimer timer;
    CountingRandom random;
    support::Metrics metrics;
    providers::Directory directory;
};

/// A catalogue text that sends `provider` to another base URL.
inline std::string at_url(std::string const& provider, std::string const& url) {
    return R"({"providers": {")" + provider + R"(": {"base_url": ")" + url + R"("}}})";
}

}  // namespace mds::test
