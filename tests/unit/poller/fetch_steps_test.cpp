#include "services/fetch_steps.hpp"

#include "poll_world.hpp"
#include "support/catch.hpp"

using namespace mds;
using namespace mds::polltest;

namespace {

/// Drives FetchSteps against a rule.
struct Trial {
    using Rule = std::function<Outcome(std::string const& provider, Symbol const& one, std::vector<Symbol> const& request)>;

    FetchSteps steps;
    RetryBudget budget{0.1, 1000};
    SeededRandom random{1};
    SteadyTime now{seconds(100)};
    SteadyTime give_up{seconds(160)};
    std::optional<seconds> retry_after;
    std::vector<FetchStep> made;
    std::set<Symbol> priced;

    Trial(std::vector<FetchSource> sources, std::vector<Symbol> symbols) : steps(std::move(sources), std::move(symbols)) {}

    void run(Rule const& rule) {
        auto const usable = [](std::string const&) { return true; };
        for (;;) {
            auto const step = steps.next(FetchSteps::Limits{now, give_up, usable, budget, random});
            if (!step) return;
            now = std::max(now, step->not_before) + milliseconds(10);
            FetchAnswer answer;
            answer.retry_after = retry_after;
            for (auto const& one : step->symbols) {
                auto const outcome = rule(steps.sources()[step->source].name, one, step->symbols);
                if (outcome == Outcome::ok) {
                    priced.insert(one);
                    answer.results.emplace_back(one, Quote(Uuid{}, Price::parse("1").price.value(), UtcTime{}, TimeSource::quote));
                } else {
                    answer.results.emplace_back(one, Reject(outcome, "scripted"));
                }
            }
            steps.answered(*step, answer, now);
            made.push_back(*step);
        }
    }
};

std::vector<Symbol> symbols(int count) {
    std::vector<Symbol> all;
    for (int at = 0; at < count; ++at) all.push_back(symbol("S" + std::to_string(at)));
    return all;
}

}  // namespace

TEST_CASE("one good answer is one request") {
    Trial trial({{"p", 10}}, symbols(10));
    trial.run([](auto const&, auto const&, auto const&) { return Outcome::ok; });
    CHECK(trial.made.size() == 1);
    CHECK(trial.steps.open().empty());
}

TEST_CASE("only what has no price goes to the next provider, in batches of its size") {
    Trial trial({{"p", 10}, {"q", 2}}, symbols(10));
    trial.run([](std::string const& provider, Symbol const& one, auto const&) {
        return provider == "p" && one >= symbol("S5") ? Outcome::no_data : Outcome::ok;
    });
    REQUIRE(trial.made.size() == 4);
    CHECK(trial.made[1].symbols.size() == 2);
    CHECK(trial.priced.size() == 10);
    CHECK(trial.made[3].attempt == 1);
}

TEST_CASE("a passing failure is tried three times, another one once") {
    for (auto const outcome : {Outcome::unavailable, Outcome::timeout, Outcome::rate_limited}) {
        Trial trial({{"p", 10}}, symbols(3));
        trial.run([&](auto const&, auto const&, auto const&) { return outcome; });
        CHECK(trial.made.size() == 3);
        CHECK(trial.made.back().attempt == 3);
    }
    for (auto const outcome : {Outcome::unknown_symbol, Outcome::auth, Outcome::no_data, Outcome::malformed, Outcome::bad_request}) {
        Trial trial({{"p", 10}}, symbols(3));
        trial.run([&](auto const&, auto const&, auto const&) { return outcome; });
        CHECK(trial.made.size() == 1);
    }
}

TEST_CASE("no request begins after the next tick, nor before a Retry-After is over") {
    Trial late({{"p", 10}}, symbols(1));
    late.retry_after = seconds(61);
    late.run([](auto const&, auto const&, auto const&) { return Outcome::rate_limited; });
    CHECK(late.made.size() == 1);

    Trial early({{"p", 10}}, symbols(1));
    early.retry_after = seconds(20);
    early.run([](auto const&, auto const&, auto const&) { return Outcome::rate_limited; });
    REQUIRE(early.made.size() == 3);
    CHECK(early.made[1].not_before >= SteadyTime(seconds(120)));
    CHECK(early.made[2].not_before >= SteadyTime(seconds(140)));
}

TEST_CASE("the budget bounds repeats to a tenth of the requests") {
    RetryBudget budget(0.1, 100);
    int repeats = 0;
    for (int at = 0; at < 10'000; ++at) {
        budget.request();
        while (budget.take()) ++repeats;
    }
    CHECK(repeats <= 1010);
    CHECK(repeats >= 990);
}

TEST_CASE("halving finds every bad symbol and costs no more than it must") {
    for (int bad = 0; bad < 33; ++bad) {
        Trial trial({{"p", 33}}, symbols(33));
        auto const culprit = symbol("S" + std::to_string(bad));
        trial.run([&](auto const&, auto const&, std::vector<Symbol> const& request) {
            return std::ranges::find(request, culprit) != request.end() ? Outcome::bad_symbol_in_batch : Outcome::ok;
        });
        CHECK(trial.priced.size() == 32);
        REQUIRE(trial.steps.open().size() == 1);
        CHECK(trial.steps.open().contains(culprit));
        CHECK(trial.made.size() <= 13);
    }
}

TEST_CASE("a named bad symbol is left out and the others are asked for again together") {
    Trial trial({{"p", 33}}, symbols(33));
    auto const culprit = symbol("S7");
    trial.run([&](auto const&, Symbol const& one, std::vector<Symbol> const& request) {
        if (one == culprit) return Outcome::unknown_symbol;
        return std::ranges::find(request, culprit) != request.end() ? Outcome::bad_symbol_in_batch : Outcome::ok;
    });
    CHECK(trial.priced.size() == 32);
    CHECK(trial.made.size() == 2);
}

TEST_CASE("symbols known to spoil batches are asked for alone") {
    FetchSteps steps({{"p", 33}}, symbols(10));
    steps.isolate([](Symbol const& one) { return one == symbol("S3"); });
    RetryBudget budget;
    SeededRandom random(1);
    auto const usable = [](std::string const&) { return true; };
    FetchSteps::Limits const limits{SteadyTime{}, SteadyTime(seconds(10)), usable, budget, random};
    CHECK(steps.next(limits)->symbols.size() == 9);
    CHECK(steps.next(limits)->symbols == std::vector<Symbol>{symbol("S3")});
}

TEST_CASE("symbols of different keys never share a request") {
    std::vector<Symbol> all;
    for (auto const* name : {"EUR-USD", "GBP-USD", "EUR-JPY", "EUR-GBP", "GBP-JPY"}) all.push_back(*Symbol::parse(name));
    std::vector<FetchSource> sources;
    sources.emplace_back("rates", 2, [](Symbol const& symbol) { return symbol.str().substr(0, 3); });
    Trial trial(std::move(sources), all);
    trial.run([](auto const&, auto const&, auto const&) { return Outcome::ok; });
    REQUIRE(trial.made.size() == 3);
    for (auto const& step : trial.made) {
        for (auto const& symbol : step.symbols) CHECK(symbol.str().substr(0, 3) == step.symbols.front().str().substr(0, 3));
    }
    CHECK(trial.priced.size() == 5);
}
