#include "support/catch.hpp"
#include "unit/http/transport_fixture.hpp"

#include <sys/resource.h>

#include <thread>

using namespace mds::http;
using namespace mds::http::test;
using namespace std::chrono_literals;

namespace {

/// The answer is a problem of that status, arrives whole, and the connection ends.
void check_refused(Client& client, int status) {
    auto const answer = client.read();
    CHECK(answer.status == status);
    CHECK(answer.field("content-type") == "application/problem+json");
    CHECK(answer.field("connection") == "close");
    CHECK(answer.body.find("\"status\":" + std::to_string(status)) != std::string::npos);
    CHECK(answer.body.find("\"request_id\":\"" + answer.field("x-request-id") + "\"") != std::string::npos);
    CHECK(client.closed());
}

}  // namespace

TEST_CASE("what is too large is refused with its own status, and the answer arrives") {
    Transport transport;
    auto client = transport.client();
    SECTION("target") {
        client.send(get_request("/fast?" + std::string(16 * 1024, 'x')) + std::string(100'000, 'y'));
        check_refused(client, 414);
    }
    SECTION("target without an end") {
        client.send("GET /" + std::string(17 * 1024, 'x'));
        check_refused(client, 414);
    }
    SECTION("one header field") {
        client.send(get_request("/fast?", "X: " + std::string(8 * 1024, 'x') + "\r\n"));
        check_refused(client, 431);
    }
    SECTION("all header fields") {
        std::string fields;
        for (int i = 0; i < 200; ++i) fields += "X-" + std::to_string(i) + ": " + std::string(50, 'x') + "\r\n";
        client.send(get_request("/fast?", fields));
        check_refused(client, 431);
    }
    SECTION("header fields without an end") {
        client.send("GET / HTTP/1.1\r\nX: " + std::string(9 * 1024, 'x'));
        check_refused(client, 431);
    }
    SECTION("body by its length") {
        client.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 65537\r\n\r\n" + std::string(65537, 'x'));
        check_refused(client, 413);
    }
    SECTION("body in chunks") {
        client.send("POST /slow HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" + std::string(65537, 'x'));
        check_refused(client, 413);
    }
    SECTION("version") {
        client.send("GET / HTTP/2.0\r\nHost: t\r\n\r\n");
        check_refused(client, 505);
    }
}

TEST_CASE("a request that fails on the way is answered with the id and the path that it gave") {
    Options options;
    options.deadlines.body = 200ms;
    Transport transport(options);
    auto client = transport.client();
    std::string const start = " /slow?x HTTP/1.1\r\nHost: t\r\nX-Request-Id: mine\r\n";
    int status = 0;
    SECTION("a bad field") {
        client.send("GET" + start + "Content-Length: x\r\n\r\n");
        status = 400;
    }
    SECTION("a body too large") {
        client.send("POST" + start + "Content-Length: 70000\r\n\r\n");
        status = 413;
    }
    SECTION("bad chunks") {
        client.send("POST" + start + "Transfer-Encoding: chunked\r\n\r\n");
        client.send("x\r\n");
        status = 400;
    }
    SECTION("a body that does not come") {
        client.send("POST" + start + "Content-Length: 10\r\n\r\nabc");
        status = 408;
    }
    auto const answer = client.read();
    CHECK(answer.status == status);
    CHECK(answer.field("x-request-id") == "mine");
    CHECK(answer.body.find(R"("instance":"/slow","request_id":"mine")") != std::string::npos);
}

TEST_CASE("what is just small enough is served") {
    Transport transport;
    auto client = transport.client();
    std::string const query(16 * 1024 - 6, 'x');
    CHECK(client.get("/fast?" + query).body == query);
    std::string const host = "Host: t\r\n";
    std::string const field = "X: " + std::string(8 * 1024 - host.size() - 5, 'x') + "\r\n";
    CHECK(client.get("/fast?1", field).body == "1");
    std::string const body(65536, 'b');
    CHECK(client.with_body("POST", "/slow", body).body == body);
    CHECK(client.ask("POST /slow HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n" + body + "\r\n0\r\n\r\n").body == body);
}

TEST_CASE("deadlines count whole operations, so that dribbling does not help") {
    Options options;
    options.deadlines.header = 200ms;
    options.deadlines.body = 200ms;
    options.deadlines.idle = 200ms;
    options.deadlines.linger = 200ms;
    Transport transport(options);
    auto client = transport.client();
    SECTION("an idle connection is closed without a word") { CHECK(client.closed()); }
    SECTION("half a header") {
        client.send("GET /fast HTTP/1.1\r\nHo");
        check_refused(client, 408);
    }
    SECTION("half a body") {
        client.send("POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
        check_refused(client, 408);
    }
    SECTION("a header that never ends, byte by byte") {
        auto const give_up = std::chrono::steady_clock::now() + 15s;
        std::string const endless = "GET /fast HTTP/1.1\r\nX: ";
        client.send(endless);
        std::string answer;
        // A deadline per read would never pass.
        while (std::chrono::steady_clock::now() < give_up && answer.empty()) {
            client.try_send("x");
            answer = client.poll(10ms);
        }
        CHECK(answer.starts_with("HTTP/1.1 408 "));
    }
    CHECK(transport.client().get("/fast?1").body == "1");
}

TEST_CASE("a handler that does not come back costs its client an answer of 504, not the connection for ever") {
    Options options;
    options.deadlines.answer = 200ms;
    options.deadlines.linger = 200ms;
    Transport transport(options);
    auto client = transport.client();
    SECTION("GET") {
        client.send(get_request("/held?1", "X-Request-Id: mine\r\n"));
        auto const answer = client.read();
        CHECK(answer.status == 504);
        CHECK(answer.field("content-type") == "application/problem+json");
        CHECK(answer.field("connection") == "close");
        CHECK(answer.field("x-request-id") == "mine");
        CHECK(answer.body.find(R"("status":504)") != std::string::npos);
        CHECK(answer.body.find(R"("instance":"/held","request_id":"mine")") != std::string::npos);
    }
    SECTION("HEAD") {
        auto const answer = client.ask("HEAD /held HTTP/1.1\r\nHost: t\r\n\r\n");
        CHECK(answer.status == 504);
    }
    SECTION("with another request behind it") {
        client.send(get_request("/held?1") + get_request("/fast?never"));
        CHECK(client.read().status == 504);
    }
    // The handler's own answer, late, is nobody's.
    transport.handler.release();
    CHECK(client.closed());
    CHECK(transport.client().get("/slow?next").body == "next");
    auto const metrics = transport.metrics.render();
    CHECK(metrics.find(R"(mds_http_requests_total{route="none",status="504"} 1)") != std::string::npos);
    CHECK(metrics.find("mds_http_deadlines_passed_total 1") != std::string::npos);
}

TEST_CASE("a client that does not read its answer is cut") {
    Options options;
    options.deadlines.write = 200ms;
    Transport transport(options);
    auto client = transport.client();
    client.receive_buffer(4096);
    client.send(get_request("/big?50000000"));
    // The answer does not fit into the sockets' buffers: only the cut ends the gauge's connection.
    while (transport.metrics.render().find("mds_http_deadlines_passed_total 1") == std::string::npos) std::this_thread::yield();
    CHECK_THROWS(client.read());
}

TEST_CASE("connections over the cap are told 503 and when to come again") {
    Options options;
    SECTION("of all") { options.limits.connections = 2; }
    SECTION("of one address") { options.limits.connections_per_peer = 2; }
    Transport transport(options);
    {
        auto first = transport.client();
        auto second = transport.client();
        CHECK(first.get("/fast?1").status == 200);
        CHECK(second.get("/fast?1").status == 200);
        auto third = transport.client();
        auto const answer = third.read();
        CHECK(answer.status == 503);
        CHECK(answer.field("retry-after") == "1");
        CHECK(answer.field("content-type") == "application/problem+json");
        CHECK(third.closed());
        CHECK(first.get("/fast?2").status == 200);
    }
    // Both have gone: there is room as soon as the server has seen it.
    for (int status = 503; status != 200;) {
        auto next = transport.client();
        next.try_send(get_request("/fast?3"));
        status = next.read().status;
    }
}

TEST_CASE("the limit of open files leaves room for fewer connections than asked for, or for all") {
    CHECK(connections_within(std::numeric_limits<std::size_t>::max(), 16'384) == 16'384);
    CHECK(connections_within(1'048'576, 16'384) == 16'384);
    CHECK(connections_within(1024, 16'384) == 845);
    CHECK(connections_within(1024, 100) == 100);
    CHECK(connections_within(64, 16'384) == 16);
    CHECK(connections_within(0, 4) == 4);
    for (std::size_t const wanted : {20u, 845u, 16'384u, 1'000'000u}) {
        CHECK(connections_within(open_files_for(wanted), wanted) == wanted);
    }
}

TEST_CASE("accepting pauses before the last file descriptors are gone, and resumes") {
    Options options;
    int const next_free = ::dup(0);
    ::close(next_free);
    // The client's end and the server's of two connections; the next one would have a number among the last.
    constexpr int of_the_server = 32;
    options.limits.open_files = static_cast<std::size_t>(next_free + of_the_server) * 20 / 19;
    Transport transport(options);
    std::vector<Client> clients;
    Answer answer;
    for (int i = 0; i < of_the_server && answer.status != 503; ++i) {
        clients.push_back(transport.client());
        clients.back().try_send(get_request("/fast?1"));
        answer = clients.back().read();
    }
    CHECK(answer.status == 503);
    CHECK(answer.field("retry-after") == "1");
    CHECK(clients.front().get("/fast?2").status == 200);
    clients.clear();
    for (int status = 503; status != 200;) {
        auto next = transport.client();
        next.try_send(get_request("/fast?3"));
        status = next.read().status;
    }
    CHECK(transport.metrics.render().find("mds_http_accept_pauses_total 0") == std::string::npos);
}

TEST_CASE("without file descriptors accepting pauses and resumes") {
    Transport transport;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    std::vector<Client> clients;
    auto first = transport.client();
    CHECK(first.get("/fast?1").status == 200);
    // Room for the client's end of the next connection, not for the server's.
    int const next_free = ::dup(0);
    ::close(next_free);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next_free) + 1;
    ::setrlimit(RLIMIT_NOFILE, &few);
    auto starved = transport.client();
    auto const answer = starved.read();
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(answer.status == 503);
    CHECK(first.get("/fast?2").status == 200);
    CHECK(transport.client().get("/fast?3").status == 200);
    CHECK(transport.metrics.render().find("mds_http_accept_pauses_total 1") != std::string::npos);
}
