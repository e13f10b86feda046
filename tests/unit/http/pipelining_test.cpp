#include "support/catch.hpp"
#include "unit/http/transport_fixture.hpp"

using namespace mds::http;
using namespace mds::http::test;

TEST_CASE("sixteen requests in one segment are answered in order") {
    Transport transport;
    auto client = transport.client();
    std::string all;
    for (int i = 0; i < 16; ++i) all += get_request("/fast?" + std::to_string(i));
    client.send(all);
    for (int i = 0; i < 16; ++i) CHECK(client.read().body == std::to_string(i));
}

TEST_CASE("requests that are answered at once wait for slower ones before them") {
    Transport transport;
    auto client = transport.client();
    client.send(get_request("/fast?1") + get_request("/slow?2") + get_request("/fast?3") + get_request("/held?4") + get_request("/fast?5"));
    CHECK(client.read().body == "1");
    CHECK(client.read().body == "2");
    CHECK(client.read().body == "3");
    transport.handler.await_held(1);
    client.send(get_request("/fast?6"));
    transport.handler.release();
    CHECK(client.read().body == "4");
    CHECK(client.read().body == "5");
    CHECK(client.read().body == "6");
}

TEST_CASE("a request may arrive one byte at a time") {
    Transport transport;
    auto client = transport.client();
    for (char const c : get_request("/fast?slowly")) client.send(std::string_view(&c, 1));
    CHECK(client.read().body == "slowly");
    std::string const body = "POST /slow HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    for (char const c : body) client.send(std::string_view(&c, 1));
    CHECK(client.read().body == "abcde");
    CHECK(client.get("/fast?after").body == "after");
}

TEST_CASE("a segment may end anywhere within pipelined requests") {
    Transport transport;
    std::string const all = get_request("/fast?1") + "POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody" + get_request("/fast?3") +
                            "POST /slow HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\n" + get_request("/fast?5");
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        auto client = transport.client();
        client.send(std::string_view(all).substr(0, cut));
        client.send(std::string_view(all).substr(cut));
        CHECK(client.read().body == "1");
        CHECK(client.read().body == "body");
        CHECK(client.read().body == "3");
        CHECK(client.read().body == "more");
        CHECK(client.read().body == "5");
    }
}

TEST_CASE("HEAD has the fields of GET and no body") {
    Transport transport;
    auto client = transport.client();
    client.send("HEAD /fast?four HTTP/1.1\r\nHost: t\r\n\r\n" + get_request("/fast?next"));
    auto const head = client.read(true);
    CHECK(head.status == 200);
    CHECK(head.field("content-length") == "4");
    CHECK(client.read().body == "next");
    auto const slow = client.ask("HEAD /slow?four HTTP/1.1\r\nHost: t\r\n\r\n");
    CHECK(slow.field("content-length") == "4");
    CHECK(client.get("/fast?last").body == "last");
}

TEST_CASE("each answer carries a request id: the client's where it is valid, else a fresh one") {
    Transport transport;
    auto client = transport.client();
    CHECK(client.get("/fast?", "X-Request-Id: my-id_1.2\r\n").field("x-request-id") == "my-id_1.2");
    CHECK(client.get("/slow?", "X-Request-Id: my-id_1.2\r\n").field("x-request-id") == "my-id_1.2");
    auto const first = client.get("/fast?", "X-Request-Id: no spaces\r\n").field("x-request-id");
    auto const second = client.get("/slow?", "X-Request-Id: " + std::string(129, 'a') + "\r\n").field("x-request-id");
    CHECK(first.size() == 16);
    CHECK(second.size() == 16);
    CHECK(first != second);
    CHECK(client.get("/fast?").field("date") == "Wed, 20 Mar 2024 10:30:00 GMT");
}

TEST_CASE("connections are kept or closed as the client asks") {
    Transport transport;
    auto client = transport.client();
    CHECK_FALSE(client.get("/fast?1").has("connection"));
    CHECK(client.get("/fast?2", "Connection: close\r\n").field("connection") == "close");
    CHECK(client.closed());
    auto old = transport.client();
    CHECK(old.ask("GET /fast?3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("connection") == "keep-alive");
    CHECK(old.ask("GET /fast?4 HTTP/1.0\r\n\r\n").field("connection") == "close");
    CHECK(old.closed());
}

TEST_CASE("a client that shuts its side after a request still gets the answer") {
    Transport transport;
    auto client = transport.client();
    client.send(get_request("/held?x"));
    client.finish_sending();
    transport.handler.await_held(1);
    transport.handler.release();
    CHECK(client.read().body == "x");
    CHECK(client.closed());
}

TEST_CASE("a client that leaves while its answer is being made harms nobody") {
    Transport transport;
    {
        auto client = transport.client();
        client.send(get_request("/held?x"));
        transport.handler.await_held(1);
    }
    transport.handler.release();
    CHECK(transport.client().get("/fast?y").body == "y");
}

TEST_CASE("Expect: 100-continue is answered before the body is sent") {
    Transport transport;
    auto client = transport.client();
    client.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read().status == 100);
    client.send("hello");
    CHECK(client.read().body == "hello");
    auto const refused = client.ask("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n");
    CHECK(refused.status == 413);
}

TEST_CASE("a large answer is sent in pieces as the client takes it, and what follows it in order") {
    Transport transport;
    auto client = transport.client();
    client.send(get_request("/big?20000000") + get_request("/fast?next"));
    CHECK(client.read().body == std::string(20'000'000, 'x'));
    CHECK(client.read().body == "next");
}

TEST_CASE("an exception of a handler is a 500 that tells nothing") {
    Transport transport;
    auto client = transport.client();
    auto const answer = client.get("/throw", "X-Request-Id: abc\r\n");
    CHECK(answer.status == 500);
    CHECK(answer.body == R"({"type":"about:blank","title":"Internal Server Error","status":500,"detail":"internal error","instance":"/throw","request_id":"abc"})");
    CHECK(client.get("/fast?1").body == "1");
}

TEST_CASE("several threads share the port") {
    Transport transport({}, 3);
    for (int i = 0; i < 50; ++i) CHECK(transport.client().get("/slow?x").body == "x");
}
