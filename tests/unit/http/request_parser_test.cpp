#include "modules/http/request_parser.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace mds::http;
using State = ParseResult::State;

namespace {

struct Parsed {
    ParseResult result;
    RequestView request;
    std::string body;
};

/// As a connection does: the whole input at once, then a body reader where the body is not whole.
std::pair<State, int> outcome(std::string const& bytes) {
    Parsed parsed;
    parsed.result = parse_request(bytes, Limits(), parsed.request, parsed.body);
    if (parsed.result.state == State::need_body) {
        BodyReader reader(std::string_view(bytes).substr(0, parsed.result.consumed), Limits());
        parsed.result = reader.feed(std::string_view(bytes).substr(parsed.result.consumed));
    }
    return {parsed.result.state, parsed.result.status};
}

std::string get_with(std::string const& fields) { return "GET / HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n"; }
std::string post_with(std::string const& fields, std::string const& body) { return "POST / HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n" + body; }

}  // namespace

TEST_CASE("a request is taken apart") {
    Parsed parsed;
    std::string const bytes =
        "POST /prices/poll?x=1 HTTP/1.1\r\nhost: t\r\nContent-Type: application/json\r\nIDEMPOTENCY-KEY:  k 1 \r\nx-request-id: r-1\r\n"
        "If-None-Match: \"a\"\r\nContent-Length: 2\r\n\r\n{}GET";
    parsed.result = parse_request(bytes, Limits(), parsed.request, parsed.body);
    REQUIRE(parsed.result.state == State::complete);
    CHECK(parsed.result.consumed == bytes.size() - 3);
    CHECK(parsed.request.method == Method::post);
    CHECK(path_of(parsed.request.target) == "/prices/poll");
    CHECK(query_of(parsed.request.target) == "x=1");
    CHECK(parsed.request.content_type == "application/json");
    CHECK(parsed.request.idempotency_key == "k 1");
    CHECK(parsed.request.request_id == "r-1");
    CHECK(parsed.request.if_none_match == "\"a\"");
    CHECK(parsed.request.body == "{}");
    CHECK(parsed.request.keep_alive);
}

TEST_CASE("absolute targets are read as their path") {
    Parsed parsed;
    std::string const bytes = "GET http://example.org/health?a=b HTTP/1.1\r\nHost: example.org\r\n\r\n";
    parsed.result = parse_request(bytes, Limits(), parsed.request, parsed.body);
    CHECK(parsed.request.target == "/health?a=b");
    CHECK(outcome("GET http://example.org HTTP/1.1\r\nHost: example.org\r\n\r\n").first == State::complete);
    CHECK(outcome("GET example.org HTTP/1.1\r\nHost: t\r\n\r\n") == std::pair(State::failed, 400));
    CHECK(outcome("GET http:///x HTTP/1.1\r\nHost: t\r\n\r\n") == std::pair(State::failed, 400));
    CHECK(outcome("GET * HTTP/1.1\r\nHost: t\r\n\r\n") == std::pair(State::failed, 400));
    CHECK(outcome("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").first == State::complete);
}

TEST_CASE("what two parsers could read differently is refused") {
    std::vector<std::string> const corpus{
        // Length and encoding in conflict.
        post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "abc"),
        post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding: \x0b" "chunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        post_with("Transfer-Encoding:\r\n", ""),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Lengths.
        post_with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
        post_with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        post_with("Content-Length: 3, 3\r\n", "abc"),
        post_with("Content-Length: 3,\r\n", "abc"),
        post_with("Content-Length: -1\r\n", ""),
        post_with("Content-Length: +3\r\n", "abc"),
        post_with("Content-Length: 0x3\r\n", "abc"),
        post_with("Content-Length: 3 4\r\n", "abc"),
        post_with("Content-Length: 3.0\r\n", "abc"),
        post_with("Content-Length:\r\n", ""),
        post_with("Content-Length: 99999999999999999999999\r\n", ""),
        post_with("Content-Length: 18446744073709551616\r\n", ""),
        // Chunks.
        post_with("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "3\r\nabcde\r\n0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "3\r\nabcXX0\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\nContent-Length: 4\r\n\r\n"),
        post_with("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc"),
        // Field syntax.
        get_with("X: a\r\n b\r\n"),
        get_with("X: a\r\n\tb\r\n"),
        get_with("X:\r\n \r\n"),
        get_with("X : a\r\n"),
        get_with("X\t: a\r\n"),
        get_with(": a\r\n"),
        get_with("no colon\r\n"),
        get_with("X: a\x01\r\n"),
        get_with(std::string("X: a\0b\r\n", 8)),
        get_with("X: a\rb\r\n"),
        get_with("X\x80: a\r\n"),
        "GET / HTTP/1.1\r\n Host: t\r\n\r\n",
        // Lines.
        "GET / HTTP/1.1\nHost: t\n\n",
        "GET / HTTP/1.1\r\nHost: t\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: t\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET / \r\nHost: t\r\n\r\n",
        "GET /\r\nHost: t\r\n\r\n",
        "GET / a HTTP/1.1\r\nHost: t\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET\t/\tHTTP/1.1\r\nHost: t\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET / http/1.1\r\nHost: t\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: t\r\n\r\n",
        "GET / HTTP/11\r\nHost: t\r\n\r\n",
        "GET / XTTP/1.1\r\nHost: t\r\n\r\n",
        std::string("GET /\0 HTTP/1.1\r\nHost: t\r\n\r\n", 29),
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello on a plain port, long enough to be told from a slow one",
        // Host.
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
    };
    for (auto const& bytes : corpus) {
        INFO(bytes);
        CHECK(outcome(bytes) == std::pair(State::failed, 400));
    }
}

TEST_CASE("other versions are told apart from nonsense") {
    for (auto const* const version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0"}) {
        CHECK(outcome(std::string("GET / ") + version + "\r\nHost: t\r\n\r\n") == std::pair(State::failed, 505));
    }
    CHECK(outcome("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == std::pair(State::failed, 505));
}

TEST_CASE("harmless oddities are served") {
    CHECK(outcome("GET / HTTP/1.0\r\n\r\n").first == State::complete);
    CHECK(outcome(get_with("X:a\r\n")).first == State::complete);
    CHECK(outcome(get_with("X:\r\n")).first == State::complete);
    CHECK(outcome(get_with("X: \t a \t \r\n")).first == State::complete);
    CHECK(outcome(get_with("X: caf\xc3\xa9\r\n")).first == State::complete);
    CHECK(outcome(get_with("Content-Length: 0\r\n")).first == State::complete);
    CHECK(outcome(get_with("Expect: something-else\r\n")).first == State::complete);
    CHECK(outcome(post_with("transfer-encoding: CHUNKED\r\n", "3;a=\"b\"\r\nabc\r\n0\r\nX: y\r\n\r\n")).first == State::complete);
}
