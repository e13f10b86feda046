#include <support/catch.hpp>
#include <support/provider_fixture.hpp>
#include <support/stub_server.hpp>

#include <adapters/providers/public_address.hpp>
#include <adapters/providers/recent_outcomes.hpp>
#include <adapters/providers/trials.hpp>
#include <adapters/providers/withheld_symbols.hpp>

using namespace mds;
using namespace std::chrono_literals;
using test::at_url;
using test::ProviderFixture;
using test::reply;
using test::StubRequest;
using test::StubServer;

namespace {

SteadyTime const start{1000h};

Symbol symbol(std::string const& name) { return *Symbol::parse(name); }

std::vector<SymbolResult> refused(std::string const& name) {
    std::vector<SymbolResult> results;
    results.emplace_back(symbol(name), Reject(Outcome::entitlement, "why"));
    return results;
}

/// One trial beside the providers of a fixture.
TrialAnswer ask(ProviderFixture& fixture, TrialQuestion question, bool private_addresses) {
    providers::TrialOptions options;
    options.private_addresses = private_addresses;
    providers::DirectoryContext const context{fixture.loop.get_executor(), fixture.clock, fixture.timer, fixture.random, fixture.metrics};
    providers::Trials trials(fixture.directory, context, options);
    std::optional<Result<TrialAnswer>> answer;
    question.symbols.push_back(symbol("BTC-USD"));
    auto const done = [&answer](std::exception_ptr failed, Result<TrialAnswer> result) {
        if (failed) std::rethrow_exception(failed);
        answer.emplace(std::move(result));
    };
    net::co_spawn(fixture.loop, trials.ask(std::move(question)), done);
    fixture.run_until([&] { return answer.has_value(); });
    return std::move(answer->value());
}

TrialQuestion definition(std::string const& url, std::string const& more = "") {
    TrialQuestion question;
    question.definition = R"({"base_url":")" + url + R"(","request":{"path":"/p"},"success":{"path":"/c"},"values":{"price":"/c"})" + more + "}";
    return question;
}

}  // namespace

TEST_CASE("only addresses of the public Internet are public") {
    for (auto const* text : {"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "192.167.255.255",
                             "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
        INFO(text);
        CHECK(providers::is_public(net::ip::make_address(text)));
    }
    for (auto const* text : {"0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1",
                             "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
                             "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
                             "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1",
                             "fd00::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1"}) {
        INFO(text);
        CHECK_FALSE(providers::is_public(net::ip::make_address(text)));
    }
}

TEST_CASE("a trial connects to no address that is not public, not even where a connection is open") {
    StubServer server([](StubRequest const&) { return reply(200, R"({"c":1.5})"); });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    fixture.fetch("coinbase", {"BTC-USD"});
    auto const asked = server.requests().size();
    TrialQuestion known;
    known.provider = "coinbase";
    for (auto const& question : {known, definition(server.url())}) {
        auto const answer = ask(fixture, question, false);
        REQUIRE(answer.problems.size() == 1);
        CHECK(answer.problems[0].path == "base_url");
        CHECK(answer.report.empty());
    }
    CHECK(server.requests().size() == asked);
    CHECK(fixture.directory.find("coinbase")->condition().last_hour.count(Outcome::unavailable) == 0);
    auto const allowed = ask(fixture, definition(server.url()), true);
    CHECK(allowed.report.find(R"("outcome":"ok","price":1.5)") != std::string::npos);
}

TEST_CASE("a definition gets no key of the process, not even for the host of a known provider") {
    StubServer server([](StubRequest const&) { return reply(200, R"({"c":1.5})"); });
    ProviderFixture fixture({at_url("finnhub", server.url())});
    auto question = definition(server.url(), R"(,"secrets":{"key":"${FINNHUB_API_KEY}"})");
    auto const without = ask(fixture, question, true);
    REQUIRE(without.problems.size() == 1);
    CHECK(without.problems[0].message.find("FINNHUB_API_KEY") != std::string::npos);
    CHECK(server.requests().empty());
    question.keys = {{"FINNHUB_API_KEY", "given"}};
    CHECK(ask(fixture, question, true).problems.empty());
    CHECK(server.requests().size() == 1);
}

TEST_CASE("a definition with an expression is refused, and faults have their place") {
    ProviderFixture fixture;
    auto const slow = ask(fixture, definition("http://h", R"(,"errors":[{"when":{"any":[{"body_matches":"(a+)+$"}]},"outcome":"auth"}])"), true);
    REQUIRE(slow.problems.size() == 1);
    CHECK(slow.problems[0].message.find("expression") != std::string::npos);
    auto const wrong = ask(fixture, definition("http://h", R"(,"quotta":1)"), true);
    REQUIRE(wrong.problems.size() == 1);
    CHECK(wrong.problems[0].path == "quotta");
}

TEST_CASE("trials are bounded in number and time") {
    StubServer server([](StubRequest const&) { return test::StubReply{{}, test::StubReply::End::hang}; });
    ProviderFixture fixture;
    providers::TrialOptions options;
    options.private_addresses = true;
    options.deadline = 100ms;
    options.at_once = 2;
    providers::DirectoryContext const context{fixture.loop.get_executor(), fixture.clock, fixture.timer, fixture.random, fixture.metrics};
    providers::Trials trials(fixture.directory, context, options);
    std::vector<Result<TrialAnswer>> answers;
    auto question = definition(server.url());
    question.symbols.push_back(symbol("BTC-USD"));
    for (int i = 0; i < 3; ++i) {
        net::co_spawn(fixture.loop, trials.ask(question),
                      [&](std::exception_ptr, Result<TrialAnswer> answer) { answers.push_back(std::move(answer)); });
    }
    fixture.run_until([&] { return answers.size() == 3; });
    REQUIRE(answers[0].has_error());
    CHECK(answers[0].error().code == ErrorCode::unavailable);
    for (std::size_t i : {1u, 2u}) CHECK(answers[i]->report.find(R"("outcome":"timeout")") != std::string::npos);
}

TEST_CASE("outcomes are remembered for an hour") {
    providers::RecentOutcomes recent;
    recent.note(Outcome::ok, start);
    recent.note(Outcome::ok, start + 30min);
    recent.note(Outcome::auth, start + 30min);
    CHECK(recent.last_hour(start + 59min) == std::map<Outcome, std::uint64_t>{{Outcome::ok, 2}, {Outcome::auth, 1}});
    CHECK(recent.last_hour(start + 60min) == std::map<Outcome, std::uint64_t>{{Outcome::ok, 1}, {Outcome::auth, 1}});
    CHECK(recent.last_hour(start + 90min).empty());
}

TEST_CASE("a symbol outside the plan is withheld longer each time, and given back when it comes") {
    providers::WithheldSymbols withheld;
    withheld.note(refused("DEAR"), start);
    CHECK(withheld.has(symbol("DEAR"), start + 4s));
    CHECK_FALSE(withheld.has(symbol("AAPL"), start));
    CHECK(withheld.list(start, 10) == std::vector{symbol("DEAR")});
    CHECK_FALSE(withheld.has(symbol("DEAR"), start + 5s));
    withheld.note(refused("DEAR"), start + 5s);
    CHECK(withheld.has(symbol("DEAR"), start + 14s));
    std::vector<SymbolResult> good;
    good.emplace_back(symbol("DEAR"), Quote(Uuid(), *Price::parse("1").price, UtcTime(), TimeSource::quote));
    withheld.note(good, start + 20s);
    withheld.note(refused("DEAR"), start + 21s);
    CHECK_FALSE(withheld.has(symbol("DEAR"), start + 26s));
}

TEST_CASE("a request goes out without the symbols that are withheld") {
    StubServer server([](StubRequest const&) { return reply(402, "{}"); });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    fixture.fetch("coinbase", {"BTC-USD"});
    auto const again = fixture.fetch("coinbase", {"BTC-USD"});
    CHECK(server.requests().size() == 1);
    REQUIRE(again.results.size() == 1);
    CHECK(again.results[0].reject()->outcome == Outcome::entitlement);
    fixture.clock.moved += 6s;
    fixture.fetch("coinbase", {"BTC-USD"});
    CHECK(server.requests().size() == 2);
}
