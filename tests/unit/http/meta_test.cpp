#include "codec/json_document.hpp"
#include "modules/http/router.hpp"
#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

#include <set>

using namespace mds;
using namespace mds::http::test;

namespace {

codec::Json parsed(std::string const& text) {
    codec::JsonLimits limits;
    limits.max_bytes = 1024 * 1024;
    auto json = codec::Json::parse(text, limits);
    REQUIRE(json.has_value());
    return *json;
}

/// Does `value` have the shape of `schema`? Enough of JSON Schema for what the document uses.
bool fits(codec::Json const& document, codec::Json const& schema, codec::Json const& value) {
    using Kind = codec::Json::Kind;
    if (auto const* const ref = schema.find("$ref")) return fits(document, *document.at(ref->text().substr(1)), value);
    for (auto const* const word : {"oneOf", "anyOf"}) {
        auto const* const choices = schema.find(word);
        if (choices == nullptr) continue;
        if (std::ranges::none_of(choices->items(), [&](auto const& choice) { return fits(document, choice, value); })) return false;
    }
    if (auto const* const type = schema.find("type")) {
        auto const is = [&](std::string const& name) {
            return (name == "object" && value.is_object()) || (name == "array" && value.is_array()) || (name == "string" && value.is_string()) ||
                   (name == "number" && value.is_number()) || (name == "integer" && value.integer().has_value()) ||
                   (name == "boolean" && value.is_boolean()) || (name == "null" && value.kind() == Kind::null);
        };
        bool const right = type->is_array() ? std::ranges::any_of(type->items(), [&](auto const& one) { return is(one.text()); }) : is(type->text());
        if (!right) return false;
    }
    if (auto const* const required = schema.find("required"); required != nullptr && value.is_object()) {
        for (auto const& name : required->items()) {
            if (value.find(name.text()) == nullptr) return false;
        }
    }
    if (auto const* const items = schema.find("items"); items != nullptr && value.is_array()) {
        for (auto const& item : value.items()) {
            if (!fits(document, *items, item)) return false;
        }
    }
    auto const* const properties = schema.find("properties");
    auto const* const others = schema.find("additionalProperties");
    if (!value.is_object()) return true;
    for (std::size_t i = 0; i < value.keys().size(); ++i) {
        auto const* const property = properties == nullptr ? nullptr : properties->find(value.keys()[i]);
        if (property != nullptr && !fits(document, *property, value.items()[i])) return false;
        if (property != nullptr || others == nullptr) continue;
        if (others->is_boolean() ? !others->boolean() : !fits(document, *others, value.items()[i])) return false;
    }
    return true;
}

std::string lower(std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
}

}  // namespace

TEST_CASE("the OpenAPI document and the router name the same routes") {
    http::test::Api api;
    auto client = api.client();
    auto const document = parsed(client.get("/openapi.json").body);
    CHECK(document.find("openapi")->text().starts_with("3.1"));
    std::set<std::string> documented;
    auto const& paths = *document.find("paths");
    for (std::size_t i = 0; i < paths.keys().size(); ++i) {
        for (auto const& method : paths.items()[i].keys()) {
            if (method != "parameters") documented.insert(method + " " + paths.keys()[i]);
        }
    }
    std::set<std::string> served;
    auto const index = parsed(client.get("/").body);
    for (auto const& route : index.find("routes")->items()) served.insert(lower(route.find("method")->text()) + " " + route.find("path")->text());
    CHECK(documented == served);
    CHECK(served.size() == 20);
    CHECK(index.find("version")->text() == "1.2.3");
}

TEST_CASE("every reference of the OpenAPI document leads somewhere") {
    http::test::Api api;
    auto const text = api.client().get("/openapi.json").body;
    auto const document = parsed(text);
    int count = 0;
    for (std::size_t at = 0; (at = text.find("\"#/", at)) != std::string::npos; ++at) {
        auto const pointer = text.substr(at + 2, text.find('"', at + 1) - at - 2);
        INFO(pointer);
        CHECK(document.at(pointer) != nullptr);
        ++count;
    }
    CHECK(count > 20);
}

TEST_CASE("answers have the shape that the OpenAPI document gives them") {
    http::test::Api api;
    for (int seq = 1; seq <= 6; ++seq) api.add_point("AAPL", seq, "1.5", std::chrono::seconds(5));
    auto client = api.client();
    auto const document = parsed(client.get("/openapi.json").body);
    auto const created = client.with_body("POST", "/prices/poll", R"({"symbol":"AAPL","interval":60})");
    auto const job = created.field("location");
    auto const check = [&](std::string const& method, std::string const& route, Answer const& answer) {
        INFO(method << ' ' << route << ' ' << answer.body);
        auto const* const operation = document.find("paths")->find(route)->find(method);
        auto const* response = operation->find("responses")->find(std::to_string(answer.status));
        REQUIRE(response != nullptr);
        if (auto const* const ref = response->find("$ref")) response = document.at(ref->text().substr(1));
        auto const* const media = response->find("content")->find(answer.field("content-type"));
        REQUIRE(media != nullptr);
        CHECK(fits(document, *media->find("schema"), parsed(answer.body)));
        CHECK_FALSE(fits(document, *media->find("schema"), parsed("{\"something\":\"else\"}")));
    };
    check("post", "/prices/poll", created);
    check("get", "/prices/poll", client.get("/prices/poll"));
    check("get", "/prices/poll/{job_id}", client.get(job));
    check("patch", "/prices/poll/{job_id}", client.with_body("PATCH", job, R"({"interval":5})"));
    check("post", "/prices/poll/{job_id}/pause", client.with_body("POST", job + "/pause", ""));
    check("post", "/prices/poll/{job_id}/resume", client.with_body("POST", job + "/resume", ""));
    check("post", "/prices/poll/{job_id}/run", client.with_body("POST", job + "/run", ""));
    check("delete", "/prices/poll/{job_id}", client.ask("DELETE " + job + " HTTP/1.1\r\nHost: t\r\n\r\n"));
    check("get", "/prices/latest", client.get("/prices/latest?symbol=AAPL"));
    check("get", "/prices/latest", client.get("/prices/latest?symbol=AAPL&detail=full"));
    check("get", "/prices/latest", client.get("/prices/latest?symbols=AAPL"));
    check("get", "/prices/latest", client.get("/prices/latest?symbl=AAPL"));
    check("get", "/prices/history", client.get("/prices/history?symbol=AAPL&limit=2"));
    check("get", "/prices/history", client.get("/prices/history?symbol=NONE"));
    check("get", "/prices/moving-average", client.get("/prices/moving-average?symbol=AAPL&period=3&limit=2"));
    check("get", "/providers", client.get("/providers"));
    check("get", "/providers/{name}", client.get("/providers/av"));
    check("get", "/providers/{name}", client.get("/providers/nobody"));
    check("post", "/providers/test", client.with_body("POST", "/providers/test", R"({"provider":"av","symbol":"A"})"));
    check("get", "/health", client.get("/health"));
    check("get", "/healthz", client.get("/healthz"));
    check("get", "/", client.get("/"));
}

TEST_CASE("health is always 200 and says what is degraded, readiness is 503 then") {
    http::test::Api api;
    auto client = api.client();
    CHECK(client.get("/health").body == R"({"status":"ok","checks":{"http":{"status":"ok"},"store":{"status":"ok"}}})");
    auto const ready = client.get("/readyz");
    CHECK(ready.status == 200);
    CHECK(ready.body == "[+]http ok\n[+]store ok\nready\n");
    api.health[1].second = Health{false, "disk full"};
    auto const health = client.get("/health");
    CHECK(health.status == 200);
    CHECK(health.body == R"({"status":"degraded","checks":{"http":{"status":"ok"},"store":{"status":"degraded","reason":"disk full"}}})");
    auto const unready = client.get("/readyz");
    CHECK(unready.status == 503);
    CHECK(unready.has("retry-after"));
    CHECK(unready.body == "[+]http ok\n[-]store not ready: disk full\nnot ready\n");
    CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("the routes without parameters refuse every parameter, as all others do") {
    http::test::Api api;
    auto client = api.client();
    for (std::string const path : {"/", "/health", "/healthz", "/readyz", "/metrics", "/openapi.json"}) {
        INFO(path);
        auto const answer = client.get(path + "?x=1");
        CHECK(answer.status == 422);
        CHECK(answer.field("content-type") == "application/problem+json");
        CHECK(answer.body.find(R"("loc":["query","x"])") != std::string::npos);
        CHECK(client.get(path + "?").status == 200);
    }
}

TEST_CASE("metrics are in Prometheus' text format") {
    http::test::Api api;
    auto client = api.client();
    client.get("/healthz");
    auto const answer = client.get("/metrics");
    CHECK(answer.field("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(answer.body.find("# TYPE mds_http_requests_total counter") != std::string::npos);
    CHECK(answer.body.find("mds_http_request_duration_seconds_count{route=\"healthz\"} 1") != std::string::npos);
    CHECK(answer.body.find("mds_http_connections 1") != std::string::npos);
}

TEST_CASE("unknown routes and methods have their status") {
    http::test::Api api;
    auto client = api.client();
    for (auto const* const path : {"/docs", "/nope", "/prices", "/prices/latest/", "/prices/poll/", "/prices/poll/a/b", "//"}) {
        INFO(path);
        auto const answer = client.get(path, "X-Request-Id: r\r\n");
        CHECK(answer.status == 404);
        CHECK(answer.body == std::string(R"({"type":"about:blank","title":"Not Found","status":404,"detail":"there is no such route; GET / lists them","instance":")") +
                                 path + R"(","request_id":"r"})");
    }
    auto const wrong = client.with_body("POST", "/prices/latest", "");
    CHECK(wrong.status == 405);
    CHECK(wrong.field("allow") == "GET, HEAD, OPTIONS");
    CHECK(wrong.field("content-type") == "application/problem+json");
    CHECK(client.with_body("PUT", "/prices/poll", "{}").field("allow") == "POST, GET, HEAD, OPTIONS");
    CHECK(client.with_body("BREW", "/prices/poll/x", "").field("allow") == "GET, HEAD, PATCH, DELETE, OPTIONS");
    auto const options = client.ask("OPTIONS /prices/poll/x/run HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(options.status == 204);
    CHECK(options.field("allow") == "POST, OPTIONS");
    CHECK(client.ask("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").status == 204);
    CHECK(client.ask("HEAD /docs HTTP/1.1\r\nHost: t\r\n\r\n").status == 404);
    CHECK(client.ask("HEAD /health HTTP/1.1\r\nHost: t\r\n\r\n").status == 200);
}
