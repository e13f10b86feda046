#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

using namespace mds;
using namespace mds::http::test;
using namespace std::chrono_literals;

namespace {

std::string const plain = R"({"symbols":["AAPL","msft","AAPL"],"interval":60,"provider":"alpha_vantage"})";

std::string id_of(Answer const& answer) { return answer.field("location").substr(std::string("/prices/poll/").size()); }

int post_status(Client& client, std::string const& body, std::string const& fields = {}) { return client.with_body("POST", "/prices/poll", body, fields).status; }

}  // namespace

TEST_CASE("a job is accepted with exactly the contract's body") {
    http::test::Api api;
    auto client = api.client();
    auto const answer = client.with_body("POST", "/prices/poll", plain);
    CHECK(answer.status == 202);
    auto const id = id_of(answer);
    CHECK(id.size() == 37);
    CHECK(answer.body == R"({"job_id":")" + id + R"(","status":"accepted","config":{"symbols":["AAPL","MSFT"],"interval":60,"provider":"alpha_vantage"}})");
    CHECK(api.job_store.jobs().size() == 1);
}

TEST_CASE("a job's body has short forms") {
    http::test::Api api;
    auto client = api.client();
    auto const config = [&](std::string const& body) {
        auto const answer = client.with_body("POST", "/prices/poll", body);
        auto const at = answer.body.find("\"config\":");
        return at == std::string::npos ? answer.body : answer.body.substr(at + 9);
    };
    CHECK(config(R"({"symbol":"AAPL","interval":"5m"})") == R"({"symbols":["AAPL"],"interval":300,"provider":"alpha_vantage"}})");
    CHECK(config(R"({"symbol":"AAPL","interval":"1h","provider":["finnhub","av"]})") ==
          R"({"symbols":["AAPL"],"interval":3600,"provider":["finnhub","alpha_vantage"]}})");
    CHECK(config(R"({"symbol":"AAPL","interval":"60s","provider":["finnhub"]})") == R"({"symbols":["AAPL"],"interval":60,"provider":["finnhub"]}})");
    CHECK(config(R"({"symbol":"AAPL","interval":60,"provider":null})") == R"({"symbols":["AAPL"],"interval":60,"provider":"alpha_vantage"}})");
    CHECK(config(R"({"symbol":"AAPL","interval":60.0})") == R"({"symbols":["AAPL"],"interval":60,"provider":"alpha_vantage"}})");
}

TEST_CASE("what is wrong with a job is said, all at once, with FastAPI's keys") {
    http::test::Api api;
    auto client = api.client();
    auto const answer = client.with_body("POST", "/prices/poll", R"({"symbols":["AAPL","a b",3],"intervall":60,"interval":0})", "X-Request-Id: r\r\n");
    CHECK(answer.status == 422);
    CHECK(answer.body.find(R"("errors":[{"type":"extra_forbidden","loc":["body","intervall"],"msg":"unknown field 'intervall'; did you mean 'interval'?","input":60},)"
                           R"({"type":"value_error","loc":["body","symbols",1],"msg":"'a b' is not a symbol: 1-32 letters, digits and . - _ = ^ / :","input":"a b"},)"
                           R"({"type":"string_type","loc":["body","symbols",2],"msg":"a symbol is a string","input":3},)"
                           R"({"type":"greater_than_equal","loc":["body","interval"],"msg":"'interval' is less than 1 second","input":0}]})") != std::string::npos);
    for (auto const* const body :
         {R"({})", R"([])", R"("x")", R"({"symbols":[],"interval":60})", R"({"symbols":"AAPL","interval":60})", R"({"symbols":["A"]})",
          R"({"symbol":"A","symbols":["A"],"interval":60})", R"({"symbol":"A","interval":-5})", R"({"symbol":"A","interval":86401})",
          R"({"symbol":"A","interval":1.5})", R"({"symbol":"A","interval":"60"})", R"({"symbol":"A","interval":"1d"})", R"({"symbol":"A","interval":"-1s"})",
          R"({"symbol":"A","interval":"99999999999h"})", R"({"symbol":"A","interval":true})", R"({"symbol":"A","interval":null})",
          R"({"symbol":"A","interval":60,"provider":""})", R"({"symbol":"A","interval":60,"provider":[]})", R"({"symbol":"A","interval":60,"provider":7})",
          R"({"symbol":"","interval":60})", R"({"symbol":null,"interval":60})", R"({"symbol":"A","interval":99999999999999999999})"}) {
        INFO(body);
        CHECK(post_status(client, body) == 422);
    }
    std::string many = R"({"interval":60,"symbols":["A")";
    for (int i = 0; i < 1000; ++i) many += R"(,"A")";
    CHECK(post_status(client, many + "]}") == 422);
    CHECK(api.job_store.jobs().empty());
}

TEST_CASE("a body that is not JSON, or of another type, has its own status") {
    http::test::Api api;
    auto client = api.client();
    CHECK(post_status(client, "") == 400);
    CHECK(post_status(client, "{") == 400);
    CHECK(post_status(client, "\xff") == 400);
    CHECK(post_status(client, plain + "x") == 400);
    CHECK(post_status(client, plain, "Content-Type: text/plain\r\n") == 415);
    CHECK(post_status(client, plain, "Content-Type: application/json; charset=utf-8\r\n") == 202);
    CHECK(post_status(client, R"({"symbol":"A","interval":60,"provider":"nobody"})") == 400);
    CHECK(client.with_body("POST", "/prices/poll?x=1", plain).status == 422);
}

TEST_CASE("a repeated Idempotency-Key repeats the first answer, with another body it is a conflict") {
    http::test::Api api;
    auto client = api.client();
    auto const first = client.with_body("POST", "/prices/poll", plain, "Idempotency-Key: k1\r\n");
    auto const again = client.with_body("POST", "/prices/poll", plain, "Idempotency-Key: k1\r\n");
    CHECK(again.status == 202);
    CHECK(again.body == first.body);
    CHECK(again.field("location") == first.field("location"));
    CHECK(api.job_store.jobs().size() == 1);
    CHECK(post_status(client, plain + " ", "Idempotency-Key: k1\r\n") == 409);
    CHECK(post_status(client, "{", "Idempotency-Key: k2\r\n") == 400);
    CHECK(post_status(client, plain, "Idempotency-Key: k2\r\n") == 202);
    CHECK(post_status(client, plain, "Idempotency-Key:\r\n") == 422);
    CHECK(post_status(client, plain, "Idempotency-Key: " + std::string(256, 'k') + "\r\n") == 422);
    CHECK(post_status(client, plain, "Idempotency-Key: caf\xc3\xa9\r\n") == 422);
}

TEST_CASE("a job is shown with its targets") {
    http::test::Api api;
    auto client = api.client();
    auto const id = id_of(client.with_body("POST", "/prices/poll", plain));
    TargetState down;
    down.health = TargetHealth::down;
    down.last_poll = api.clock.now() + 1s;
    down.last_due = api.clock.now();
    down.last_poll_duration = 12ms;
    down.last_error = "it said \"no\"";
    down.consecutive_failures = 3;
    api.job_store.set_state("AAPL", down);
    auto const answer = client.get("/prices/poll/" + id);
    CHECK(answer.status == 200);
    // Not ticked yet: polled at once. Its next tick is the poller's business, not an interval behind the last one.
    CHECK(answer.body == R"({"job_id":")" + id +
                             R"(","status":"accepted","config":{"symbols":["AAPL","MSFT"],"interval":60,"provider":"alpha_vantage"},)"
                             R"("created_at":"2024-03-20T10:30:00Z","targets":[{"symbol":"AAPL","provider":"alpha_vantage","health":"down",)"
                             R"("last_poll":"2024-03-20T10:30:01Z","last_poll_duration_ms":12,"last_error":"it said \"no\"","consecutive_failures":3,)"
                             R"("next_poll":"2024-03-20T10:30:00Z"},{"symbol":"MSFT","provider":"alpha_vantage","health":"unknown","last_poll":null,)"
                             R"("last_poll_duration_ms":null,"last_error":null,"consecutive_failures":0,"next_poll":"2024-03-20T10:30:00Z"}]})");
    CHECK(client.get("/prices/poll/poll_00").status == 404);
}

TEST_CASE("a target's next poll is a tick ahead of the clock, whatever its last one was") {
    http::test::Api api;
    auto client = api.client();
    auto const path = "/prices/poll/" + id_of(client.with_body("POST", "/prices/poll", R"({"symbol":"AAPL","interval":3600})"));
    api.job_store.set_ticked(0);
    TargetState stale;
    stale.health = TargetHealth::up;
    stale.last_due = api.clock.now();
    api.job_store.set_state("AAPL", stale);
    auto const next_poll = [&](Answer const& answer) {
        auto const at = answer.body.find("\"next_poll\":\"") + 13;
        auto const time = parse_rfc3339(answer.body.substr(at, answer.body.find('"', at) - at));
        REQUIRE(time);
        return *time;
    };
    api.clock.advance(10h);
    auto const next = next_poll(client.get(path));
    CHECK(next > api.clock.now());
    CHECK(next <= api.clock.now() + 1h);
    auto const changed = next_poll(client.with_body("PATCH", path, R"({"interval":5})"));
    CHECK(changed > api.clock.now());
    CHECK(changed <= api.clock.now() + 5s);
    client.with_body("POST", path + "/pause", "");
    api.clock.advance(1h);
    auto const resumed = next_poll(client.with_body("POST", path + "/resume", ""));
    CHECK(resumed > api.clock.now());
    CHECK(resumed <= api.clock.now() + 5s);
    client.with_body("POST", "/prices/poll", R"({"symbol":"AAPL","interval":1})");
    CHECK(next_poll(client.get(path)) <= api.clock.now() + 1s);
}

TEST_CASE("a job is paused, resumed, run, changed and cancelled") {
    http::test::Api api;
    auto client = api.client();
    auto const id = id_of(client.with_body("POST", "/prices/poll", plain));
    auto const path = "/prices/poll/" + id;
    auto const status = [](Answer const& answer) {
        auto const at = answer.body.find("\"status\":\"") + 10;
        return std::to_string(answer.status) + " " + answer.body.substr(at, answer.body.find('"', at) - at);
    };
    for (int twice = 0; twice < 2; ++twice) CHECK(status(client.with_body("POST", path + "/pause", "")) == "200 paused");
    CHECK(client.get(path).body.find("\"next_poll\":null") != std::string::npos);
    for (int twice = 0; twice < 2; ++twice) CHECK(status(client.with_body("POST", path + "/resume", "{}")) == "200 accepted");
    api.job_store.set_ticked(0);
    CHECK(status(client.with_body("POST", path + "/run", "")) == "200 active");
    CHECK(api.job_store.jobs()[0].run_requested == 1);
    auto const changed = client.with_body("PATCH", path, R"({"interval":"2m","symbols":["TSLA"],"provider":["finnhub"]})");
    CHECK(changed.status == 200);
    CHECK(changed.body.find(R"("config":{"symbols":["TSLA"],"interval":120,"provider":["finnhub"]})") != std::string::npos);
    CHECK(client.with_body("PATCH", path, "{}").status == 422);
    CHECK(client.with_body("PATCH", path, "").status == 400);
    CHECK(client.with_body("PATCH", path, R"({"symbols":[]})").status == 422);
    CHECK(client.with_body("PATCH", path, R"({"interval":5})", "Content-Type: text/xml\r\n").status == 415);
    CHECK(client.with_body("POST", path + "/run", R"({"x":1})").status == 422);
    CHECK(client.with_body("POST", path + "/run", "x").status == 400);
    for (int twice = 0; twice < 2; ++twice) {
        auto const cancelled = client.ask("DELETE " + path + " HTTP/1.1\r\nHost: t\r\n\r\n");
        CHECK(cancelled.status == 200);
        CHECK(cancelled.body == R"({"job_id":")" + id + R"(","status":"cancelled"})");
    }
    CHECK(status(client.get(path)) == "200 cancelled");
    CHECK(client.with_body("POST", path + "/run", "").status == 409);
    CHECK(client.with_body("PATCH", path, R"({"interval":5})").status == 409);
    CHECK(client.with_body("POST", "/prices/poll/poll_00/run", "").status == 404);
}

TEST_CASE("jobs are listed by filter and in pages") {
    http::test::Api api;
    auto client = api.client();
    for (int i = 0; i < 5; ++i) {
        client.with_body("POST", "/prices/poll", plain);
        api.clock.advance(1s);
    }
    auto const count = [](std::string const& body) {
        int jobs = 0;
        for (std::size_t at = 0; (at = body.find("\"job_id\"", at)) != std::string::npos; ++at) ++jobs;
        return jobs;
    };
    CHECK(count(client.get("/prices/poll").body) == 5);
    CHECK(count(client.get("/prices/poll?status=accepted&symbol=aapl&provider=av").body) == 5);
    CHECK(client.get("/prices/poll?status=paused").body == R"({"jobs":[],"next_page_token":null})");
    int seen = 0;
    std::string token;
    do {
        auto const body = client.get("/prices/poll?limit=2" + (token.empty() ? "" : "&page_token=" + token)).body;
        seen += count(body);
        auto const at = body.find("next_page_token\":\"");
        token = at == std::string::npos ? "" : body.substr(at + 18, body.find('"', at + 18) - at - 18);
        if (!token.empty()) CHECK(client.get("/prices/poll?symbol=AAPL&page_token=" + token).status == 422);
    } while (!token.empty());
    CHECK(seen == 5);
    CHECK(client.get("/prices/poll?status=lost").status == 422);
    CHECK(client.get("/prices/poll?provider=nobody").status == 400);
    CHECK(client.get("/prices/poll?limit=1001").status == 422);
}
