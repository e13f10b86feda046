#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

using namespace mds;
using namespace mds::http::test;
using namespace std::chrono_literals;
using Api = mds::http::test::Api;

namespace {

std::string const test_route = "/providers/test";

Answer try_out(Api& api, std::string const& body) { return api.client().with_body("POST", test_route, body); }

bool has(std::string const& text, std::string const& part) {
    INFO(text << " has no " << part);
    bool const found = text.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

}  // namespace

TEST_CASE("the list says who can be asked, and what the others need") {
    Api api;
    api.finnhub.change_traits().missing_secret = "FINNHUB_API_KEY";
    api.alpha.change_traits().aliases = {"av"};
    auto const answer = api.client().get("/providers");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"providers":[{"name":"alpha_vantage","aliases":["av"],"status":"enabled"},)"
                         R"({"name":"finnhub","aliases":[],"status":"needs FINNHUB_API_KEY"}]})");
    CHECK(api.client().get("/providers?x=1").status == 422);
}

TEST_CASE("a provider is shown with all that keeps it from being asked") {
    Api api;
    auto& traits = api.alpha.change_traits();
    traits.keys = {{"ALPHA_VANTAGE_API_KEY", true}};
    traits.quota = {{25, std::chrono::hours(24), false}};
    traits.time_source = TimeSource::date;
    api.alpha.shown.breaker = ProviderCondition::Breaker{Outcome::auth, api.clock.steady_now() + 5s};
    api.alpha.shown.quota_left = {7};
    api.alpha.shown.last_hour = {{Outcome::ok, 3}, {Outcome::auth, 1}};
    api.alpha.shown.withheld = {*Symbol::parse("RACE.MI")};
    api.holds.hold("alpha_vantage", api.clock.steady_now() + 60s, Outcome::quota_exhausted);
    auto const body = api.client().get("/providers/av").body;
    has(body, R"("name":"alpha_vantage")");
    has(body, R"("keys":[{"variable":"ALPHA_VANTAGE_API_KEY","present":true}])");
    has(body, R"("capabilities":{"symbols_per_request":1,"time":"date"})");
    has(body, R"("breaker":{"state":"open","outcome":"auth","until":")" + format_rfc3339(api.clock.now() + 5s) + R"("})");
    has(body, R"("waiting":{"outcome":"quota_exhausted","until":")" + format_rfc3339(api.clock.now() + 60s) + R"("})");
    has(body, R"("quota":[{"limit":25,"per":86400,"cost":"request","left":7}])");
    has(body, R"("withheld":["RACE.MI"],"last_hour":{"ok":3,"auth":1})");
    auto const other = api.client().get("/providers/finnhub").body;
    has(other, R"("breaker":{"state":"closed"},"waiting":null,"quota":[],"withheld":[],"last_hour":{})");
}

TEST_CASE("a provider that nobody knows is not found, and the others are named") {
    Api api;
    auto const answer = api.client().get("/providers/nobody");
    CHECK(answer.status == 404);
    has(answer.body, "unknown provider 'nobody'; known: alpha_vantage, finnhub");
    CHECK(api.client().get("/providers/finnhub?x=1").status == 422);
}

TEST_CASE("the path of trials is no provider's, and off unless it was turned on") {
    Api api;
    auto const off = try_out(api, R"({"provider":"finnhub","symbol":"AAPL"})");
    CHECK(off.status == 404);
    has(off.body, "providers.test_route");
    CHECK(api.trials.asked.empty());
    auto const get = api.client().get(test_route);
    CHECK(get.status == 405);
    CHECK(get.field("allow") == "POST, OPTIONS");
}

TEST_CASE("a trial of a provider by name hands on the report") {
    Api api(true);
    api.trials.answer.report = R"({"a":1})";
    auto const answer = try_out(api, R"({"provider":"av","symbol":"aapl"})");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"a":1})");
    REQUIRE(api.trials.asked.size() == 1);
    CHECK(api.trials.asked[0].provider == "av");
    CHECK(api.trials.asked[0].symbols == std::vector{*Symbol::parse("AAPL")});
}

TEST_CASE("a definition reaches the trial with its keys, and its faults come back with their place") {
    Api api(true);
    api.trials.answer.problems = {{"values.price", "is missing"}, {"", "is no good"}};
    auto const answer = try_out(api, R"({"provider":{"base_url":"http://h"},"symbol":"A","keys":{"K":"secret"}})");
    CHECK(answer.status == 422);
    has(answer.body, R"("loc":["body","provider","values.price"],"msg":"'values.price' is missing")");
    has(answer.body, R"("loc":["body","provider"],"msg":"the definition is no good")");
    REQUIRE(api.trials.asked.size() == 1);
    CHECK(api.trials.asked[0].provider.empty());
    CHECK(api.trials.asked[0].definition == R"({"base_url":"http://h"})");
    CHECK(api.trials.asked[0].keys == std::vector<std::pair<std::string, std::string>>{{"K", "secret"}});
}

TEST_CASE("a question that is not one is refused before anybody is asked") {
    Api api(true);
    for (auto const* const body : {R"({})", R"({"provider":"av"})", R"({"provider":"","symbol":"A"})", R"({"provider":1,"symbol":"A"})",
                                   R"({"provider":"av","symbol":"A B"})", R"({"provider":"av","symbol":"A","sybmol":"B"})",
                                   R"({"provider":"av","symbol":"A","keys":{"K":"x"}})", R"({"provider":{},"symbol":"A","keys":[]})",
                                   R"({"provider":{},"symbol":"A","keys":{"K":1}})", R"([])"}) {
        INFO(body);
        CHECK(try_out(api, body).status == 422);
    }
    CHECK(try_out(api, "{").status == 400);
    CHECK(try_out(api, R"({"provider":"nobody","symbol":"A"})").status == 400);
    auto const typed = api.client().ask("POST /providers/test HTTP/1.1\r\nHost: t\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    CHECK(typed.status == 415);
    CHECK(api.trials.asked.empty());
}

TEST_CASE("a trial leaves alone who asked for it, and who has no key") {
    Api api(true);
    api.finnhub.change_traits().missing_secret = "FINNHUB_API_KEY";
    auto const keyless = try_out(api, R"({"provider":"finnhub","symbol":"A"})");
    CHECK(keyless.status == 503);
    has(keyless.body, "FINNHUB_API_KEY");
    CHECK(api.trials.asked.empty());
    api.trials.answer.answer.retry_after = 30s;
    CHECK(try_out(api, R"({"provider":"av","symbol":"A"})").status == 200);
    auto const held = try_out(api, R"({"provider":"av","symbol":"A"})");
    CHECK(held.status == 503);
    CHECK(held.field("retry-after") == "30");
    CHECK(api.trials.asked.size() == 1);
}
