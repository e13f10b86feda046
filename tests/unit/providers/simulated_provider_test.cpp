#include <support/catch.hpp>
#include <support/provider_fixture.hpp>

#include <adapters/providers/random_walk.hpp>
#include <codec/json_document.hpp>

using namespace mds;
using namespace std::chrono_literals;
using providers::simulated_price;
using providers::SimulatedOptions;
using test::ProviderFixture;

namespace {

UtcTime const noon = *parse_rfc3339("2026-03-04T12:00:00Z");

SimulatedOptions named(std::string name) {
    SimulatedOptions options;
    options.name = std::move(name);
    return options;
}

/// A fixture whose only simulation has these options.
struct One : ProviderFixture {
    explicit One(SimulatedOptions options) : ProviderFixture({}, {}, {std::move(options)}) {}
    FetchAnswer ask(std::vector<std::string> const& symbols, std::chrono::milliseconds within = 10s) {
        return fetch("simulated", symbols, within);
    }
};

}  // namespace

TEST_CASE("a simulated price is a function of seed, symbol and time") {
    auto const price = simulated_price(1, "AAPL", noon);
    CHECK(price == simulated_price(1, "AAPL", noon));
    CHECK(price != simulated_price(2, "AAPL", noon));
    CHECK(price != simulated_price(1, "MSFT", noon));
    CHECK(price != simulated_price(1, "AAPL", noon + 1h));
}

TEST_CASE("a simulated price walks: it moves, by little, and has two to four decimals") {
    int moves = 0;
    for (auto const* symbol : {"AAPL", "MSFT", "BTC-USD", "EURUSD=X", "^GSPC"}) {
        auto before = simulated_price(7, symbol, noon);
        for (int second = 1; second <= 2000; ++second) {
            auto const now = simulated_price(7, symbol, noon + std::chrono::seconds(second));
            auto const text = now.to_string();
            auto const point = text.find('.');
            if (point != text.npos) REQUIRE(text.size() - point - 1 <= 4);
            auto const change = now.units() > before.units() ? now.units() - before.units() : before.units() - now.units();
            REQUIRE(change * 200 < before.units());  // half a per cent in a second
            moves += now != before;
            before = now;
        }
    }
    CHECK(moves > 8000);
}

TEST_CASE("a batch is answered in one body that holds what was answered") {
    One simulation{SimulatedOptions()};
    auto const answer = simulation.ask({"AAPL", "MSFT"});
    REQUIRE(answer.results.size() == 2);
    REQUIRE(answer.answer);
    CHECK_FALSE(answer.answer->http_status);
    CHECK(answer.answer->content_type == "application/json");
    auto const body = codec::Json::parse(answer.answer->body);
    REQUIRE(body.has_value());
    for (auto const& result : answer.results) {
        REQUIRE(result.quote() != nullptr);
        CHECK(body->find("quotes")->find(result.symbol.str())->text() == result.quote()->price.to_string());
        CHECK(format_rfc3339(result.quote()->timestamp) == "2026-01-02T03:04:05.6Z");
        CHECK(result.quote()->time_source == TimeSource::quote);
    }
    CHECK(answer.results[0].quote()->point_id != answer.results[1].quote()->point_id);
    CHECK(simulation.directory.find("simulated")->traits().batch_max == 500);
}

TEST_CASE("the simulation can be told not to know a symbol") {
    SimulatedOptions options;
    options.unknown.insert("NOPE");
    One simulation(options);
    auto const answer = simulation.ask({"NOPE", "AAPL"});
    REQUIRE(answer.results[0].reject() != nullptr);
    CHECK(answer.results[0].reject()->outcome == Outcome::unknown_symbol);
    CHECK(answer.results[1].quote() != nullptr);
    CHECK(answer.answer);
}

TEST_CASE("the simulation can be told to be slow, and then keeps the deadline") {
    SimulatedOptions options;
    options.latency = 300ms;
    One slow(options);
    auto const answer = slow.ask({"AAPL"}, 10s);
    CHECK(answer.results[0].quote() != nullptr);
    CHECK(answer.duration >= 299ms);
    auto const late = slow.ask({"AAPL"}, 100ms);
    REQUIRE(late.results[0].reject() != nullptr);
    CHECK(late.results[0].reject()->outcome == Outcome::timeout);
    CHECK_FALSE(late.answer);
    CHECK(slow.timer.slept.back() <= 100ms);
    slow.timer.cancel_all();
    CHECK(slow.ask({"AAPL"}).results[0].reject()->outcome == Outcome::unavailable);
}

TEST_CASE("the jitter is bounded and repeats with the seed") {
    SimulatedOptions options;
    options.latency = 10ms;
    options.jitter = 50ms;
    std::vector<std::chrono::microseconds> first, second;
    for (auto* slept : {&first, &second}) {
        One simulation(options);
        for (int i = 0; i < 20; ++i) {
            simulation.clock.at += 1s;
            simulation.ask({"AAPL"});
            slept->push_back(std::chrono::round<std::chrono::milliseconds>(simulation.timer.slept.back()));
            CHECK(slept->back() >= 9ms);
            CHECK(slept->back() <= 60ms);
        }
    }
    CHECK(std::set(first.begin(), first.end()).size() > 5);
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(std::chrono::abs(first[i] - second[i]) <= 1ms);
}

TEST_CASE("the simulation can be told to fail at a rate and for a while") {
    SimulatedOptions options;
    options.failures_per_mille = 250;
    options.fail.push_back({noon, noon + 10s});
    One simulation(options);
    simulation.clock.at = noon;
    int failures = 0;
    for (int i = 0; i < 1010; ++i) {
        auto const answer = simulation.ask({"AAPL"});
        bool const failed = answer.results[0].reject() != nullptr;
        if (failed) CHECK(answer.results[0].reject()->outcome == Outcome::unavailable);
        if (failed) CHECK_FALSE(answer.answer);
        if (i < 10) CHECK(failed);
        failures += i >= 10 && failed;
        simulation.clock.at += 1s;
    }
    CHECK(failures > 200);
    CHECK(failures < 300);
}

TEST_CASE("several simulations live side by side") {
    ProviderFixture fixture({}, {}, {named("simulated"), named("simulated-slow")});
    CHECK(fixture.directory.find("simulated-slow") != nullptr);
    CHECK(fixture.directory.find("simulated-slow") != fixture.directory.find("simulated"));
}
