#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

using namespace mds::http::test;
using mds::Outcome;
using namespace std::chrono_literals;

TEST_CASE("latest answers exactly the four keys, and the rest in headers") {
    Api api;
    api.add_point("AAPL", 7, "150.25", 5s);
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbol=AAPL");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"symbol":"AAPL","price":150.25,"timestamp":"2024-03-20T10:28:55Z","provider":"alpha_vantage"})");
    CHECK(answer.field("content-type") == "application/json");
    CHECK(answer.field("age") == "5");
    CHECK(answer.field("x-price-source") == "memory");
    CHECK(answer.field("cache-control") == "no-cache");
    CHECK_FALSE(answer.has("x-price-stale"));
    CHECK(answer.has("etag"));
    CHECK(answer.has("x-request-id"));
    CHECK(api.alpha.calls() == 0);
}

TEST_CASE("the short way and the long way of latest answer the same") {
    Api api;
    api.add_point("AAPL", 7, "150.25", 5s);
    auto client = api.client();
    auto const fast = client.get("/prices/latest?symbol=AAPL", "X-Request-Id: r\r\n");
    for (auto const* const target : {"/prices/latest?symbol=%41APL", "/prices/latest?symbol=AAPL&on_stale=serve", "/prices/latest?symbol=aapl&provider=av"}) {
        auto const slow = client.get(target, "X-Request-Id: r\r\n");
        CHECK(slow.body == fast.body);
        CHECK(slow.fields == fast.fields);
    }
    auto const metrics = client.get("/metrics").body;
    CHECK(metrics.find("mds_http_requests_total{route=\"latest_memory\",status=\"200\"} 1") != std::string::npos);
    CHECK(metrics.find("mds_http_requests_total{route=\"latest\",status=\"200\"} 3") != std::string::npos);
}

TEST_CASE("symbols are upper-cased on the way in") {
    Api api;
    api.add_point("BRK.B", 1, "400", 1s);
    auto client = api.client();
    CHECK(client.get("/prices/latest?symbol=brk.b").body.find("\"symbol\":\"BRK.B\"") != std::string::npos);
}

TEST_CASE("a conditional GET answers 304 with the same headers") {
    Api api;
    api.add_point("AAPL", 7, "150.25", 5s);
    auto client = api.client();
    auto const etag = client.get("/prices/latest?symbol=AAPL").field("etag");
    for (auto const* const target : {"/prices/latest?symbol=AAPL", "/prices/latest?symbol=AAPL&on_stale=fetch"}) {
        for (auto const& match : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
            auto const answer = client.get(target, "If-None-Match: " + match + "\r\n");
            CHECK(answer.status == 304);
            CHECK(answer.body.empty());
            CHECK(answer.field("etag") == etag);
            CHECK(answer.field("age") == "5");
            CHECK(answer.field("x-price-source") == "memory");
            CHECK(answer.field("cache-control") == "no-cache");
        }
        CHECK(client.get(target, "If-None-Match: \"other\"\r\n").status == 200);
    }
    api.add_point("AAPL", 8, "150.25", 0s);
    CHECK(client.get("/prices/latest?symbol=AAPL", "If-None-Match: " + etag + "\r\n").status == 200);
}

TEST_CASE("HEAD of latest has the length and no body") {
    Api api;
    api.add_point("AAPL", 7, "150.25", 5s);
    auto client = api.client();
    auto const length = client.get("/prices/latest?symbol=AAPL").field("content-length");
    CHECK(client.ask("HEAD /prices/latest?symbol=AAPL HTTP/1.1\r\nHost: t\r\n\r\n").field("content-length") == length);
    CHECK(client.ask("HEAD /prices/latest?symbol=AAPL&on_stale=serve HTTP/1.1\r\nHost: t\r\n\r\n").field("content-length") == length);
}

TEST_CASE("a miss fetches, stores and answers") {
    Api api;
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbol=MSFT");
    CHECK(answer.status == 200);
    CHECK(answer.field("x-price-source") == "provider");
    CHECK(answer.field("age") == "0");
    CHECK(client.get("/prices/latest?symbol=MSFT").field("x-price-source") == "memory");
    api.clock.advance(1s);
    CHECK(client.get("/prices/latest?symbol=MSFT&max_age=0").field("x-price-source") == "provider");
    CHECK(api.alpha.calls() == 2);
}

TEST_CASE("a price that is too old is fetched, served marked, or refused, as asked") {
    Api api;
    api.add_point("AAPL", 1, "140", 61s);
    auto client = api.client();
    auto const refused = client.get("/prices/latest?symbol=AAPL&on_stale=error");
    CHECK(refused.status == 503);
    CHECK(refused.field("retry-after") == "1");
    auto const served = client.get("/prices/latest?symbol=AAPL&on_stale=serve");
    CHECK(served.field("x-price-stale") == "true");
    CHECK(served.field("age") == "61");
    CHECK(client.get("/prices/latest?symbol=AAPL&max_age=3600").field("x-price-source") == "memory");
}

TEST_CASE("provider=auto follows the failover order and says whom it passed over") {
    Api api;
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbol=AAPL&provider=auto&detail=full");
    CHECK(answer.body.find("\"provider\":\"finnhub\"") != std::string::npos);
    CHECK(answer.body.find("\"fallback\":[]") != std::string::npos);
}

TEST_CASE("detail=full adds the facts to the body and has no ETag") {
    Api api;
    auto const point = api.add_point("AAPL", 7, "150.25", 5s);
    auto const answer = api.client().get("/prices/latest?symbol=AAPL&detail=full");
    CHECK(answer.body == R"({"symbol":"AAPL","price":150.25,"timestamp":"2024-03-20T10:28:55Z","provider":"alpha_vantage",)"
                         R"("fetched_at":"2024-03-20T10:29:55Z","age_ms":5000,"stale":false,"source":"memory","point_id":")" +
                             point.id.to_string() + R"(","raw_response_id":")" + point.raw_id.to_string() + R"(","seq":7,"fallback":[]})");
    CHECK_FALSE(answer.has("etag"));
}

TEST_CASE("a batch answers prices and errors, both keys always") {
    Api api;
    api.add_point("AAPL", 1, "1.5", 1s);
    api.add_point("MSFT", 1, "2.5", 1s);
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbols=aapl,MSFT,AAPL");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"prices":{"AAPL":{"symbol":"AAPL","price":1.5,"timestamp":"2024-03-20T10:28:59Z","provider":"alpha_vantage"},)"
                         R"("MSFT":{"symbol":"MSFT","price":2.5,"timestamp":"2024-03-20T10:28:59Z","provider":"alpha_vantage"}},"errors":{}})");
    api.add_point("OLD", 1, "1", 100s);
    auto const mixed = client.get("/prices/latest?symbols=OLD,AAPL&on_stale=error", "X-Request-Id: r\r\n");
    CHECK(mixed.status == 200);
    CHECK(mixed.body.find(R"("errors":{"OLD":{"type":"about:blank","title":"Service Unavailable","status":503,)") != std::string::npos);
    CHECK(mixed.body.find(R"("instance":"/prices/latest","request_id":"r"})") != std::string::npos);
}

TEST_CASE("a batch is 250 symbols at most, all well-formed, or refused as a whole") {
    Api api;
    auto client = api.client();
    std::string many = "A";
    for (int i = 1; i < 250; ++i) many += ",A";
    CHECK(client.get("/prices/latest?symbols=" + many).status == 200);
    auto const refused = client.get("/prices/latest?symbols=" + many + ",A");
    CHECK(refused.status == 422);
    CHECK(refused.body.find("more than 250 symbols: 251") != std::string::npos);
    CHECK(client.get("/prices/latest?symbols=A,,B").status == 422);
    CHECK(client.get("/prices/latest?symbols=A,b%20c").status == 422);
    CHECK(client.get("/prices/latest?symbols=A&symbol=B").status == 422);
}

TEST_CASE("what is wrong with a request for latest is said, all at once") {
    Api api;
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbl=AAPL&max_age=-1&on_stale=perhaps", "X-Request-Id: r\r\n");
    CHECK(answer.status == 422);
    CHECK(answer.field("content-type") == "application/problem+json");
    CHECK(answer.body ==
          R"({"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"unknown parameter 'symbl'; did you mean 'symbol'?; )"
          R"(parameter 'symbol' is required; parameter 'max_age' is less than 0; parameter 'on_stale' is none of fetch, serve, error",)"
          R"("instance":"/prices/latest","request_id":"r","errors":[)"
          R"({"type":"extra_forbidden","loc":["query","symbl"],"msg":"unknown parameter 'symbl'; did you mean 'symbol'?","input":"AAPL"},)"
          R"({"type":"missing","loc":["query","symbol"],"msg":"parameter 'symbol' is required","input":null},)"
          R"({"type":"greater_than_equal","loc":["query","max_age"],"msg":"parameter 'max_age' is less than 0","input":"-1"},)"
          R"({"type":"enum","loc":["query","on_stale"],"msg":"parameter 'on_stale' is none of fetch, serve, error","input":"perhaps"}]})");
    CHECK(client.get("/prices/latest?symbol=AAPL&symbol=AAPL").status == 422);
    CHECK(client.get("/prices/latest?symbol=AAPL&max_age=1&max_age=1").status == 422);
    CHECK(client.get("/prices/latest?symbol=AAPL&provider=finnhub&provider=finnhub").status == 422);
    CHECK(client.get("/prices/latest?symbol=").status == 422);
    CHECK(client.get("/prices/latest").status == 422);
    CHECK(client.get("/prices/latest?symbol=A%00B").status == 422);
}

TEST_CASE("an unknown provider is 400 at once and the known ones are listed") {
    Api api;
    auto client = api.client();
    auto const answer = client.get("/prices/latest?symbol=AAPL&provider=nobody");
    CHECK(answer.status == 400);
    CHECK(answer.body.find("unknown provider 'nobody'; known: alpha_vantage, finnhub") != std::string::npos);
    CHECK(client.get("/prices/latest?symbols=AAPL&provider=nobody").status == 400);
}

TEST_CASE("a provider's failure has the contract's status") {
    Api api;
    auto client = api.client();
    api.finnhub.fails(Outcome::unknown_symbol);
    api.finnhub.fails(Outcome::malformed);
    api.finnhub.fails(Outcome::timeout);
    auto const status = [&](std::string const& symbol) { return client.get("/prices/latest?provider=finnhub&symbol=" + symbol).status; };
    CHECK(status("FIRST") == 200);
    CHECK(status("UNKNOWN") == 404);
    CHECK(status("NONSENSE") == 502);
    CHECK(status("SLOW") == 504);
}
