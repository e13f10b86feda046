#include "support/catch.hpp"
#include "unit/http/transport_fixture.hpp"

#include <atomic>
#include <thread>

using namespace mds::http;
using namespace mds::http::test;

namespace {

std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }

}  // namespace

TEST_CASE("draining answers what is in flight with Connection: close") {
    Transport transport;
    auto busy = transport.client();
    busy.send(get_request("/held?x") + get_request("/fast?y"));
    transport.handler.await_held(1);
    transport.server->interrupt();
    transport.handler.release();
    auto const first = busy.read();
    CHECK(first.body == "x");
    CHECK(first.field("connection") == "close");
    CHECK(busy.closed());
    CHECK(transport.server->drain(soon()));
}

TEST_CASE("draining serves connections that only the kernel has accepted") {
    Transport transport;
    auto busy = transport.client();
    busy.send(get_request("/fast?warm"));
    CHECK(busy.read().body == "warm");
    std::vector<Client> waiting;
    for (int i = 0; i < 20; ++i) {
        waiting.push_back(transport.client());
        waiting.back().send(get_request("/fast?" + std::to_string(i)));
    }
    transport.server->interrupt();
    for (int i = 0; i < 20; ++i) CHECK(waiting[static_cast<std::size_t>(i)].read().body == std::to_string(i));
    CHECK(transport.server->drain(soon()));
}

TEST_CASE("draining closes idle connections and refuses new ones") {
    Transport transport;
    auto idle = transport.client();
    CHECK(idle.get("/fast?1").status == 200);
    CHECK(transport.server->drain(soon()));
    CHECK(idle.closed());
    CHECK_THROWS(transport.client());
}

TEST_CASE("clients that ask without a pause see no failed request while the server drains") {
    Transport transport({}, 2);
    std::atomic<int> failed = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&, slow = i % 2 == 0] {
            try {
                auto client = transport.client();
                for (bool open = true; open; ++answered) {
                    auto const answer = client.get(slow ? "/slow?x" : "/fast?x");
                    if (answer.body != "x") ++failed;
                    open = answer.field("connection") != "close";
                }
            } catch (std::exception const&) {
                ++failed;
            }
        });
    }
    while (answered < 500) std::this_thread::yield();
    transport.server->interrupt();
    CHECK(transport.server->drain(soon()));
    for (auto& client : clients) client.join();
    CHECK(failed == 0);
}

TEST_CASE("draining gives up at its deadline and says so") {
    Transport transport;
    auto busy = transport.client();
    busy.send(get_request("/held?x"));
    transport.handler.await_held(1);
    CHECK_FALSE(transport.server->drain(std::chrono::steady_clock::now()));
}

TEST_CASE("a port that another server listens on is refused") {
    Transport transport;
    Options options;
    options.address = "127.0.0.1";
    options.port = transport.server->port();
    mds::support::IoThread thread("other");
    Server other(options, transport.handler,
                 Server::Parts{{&thread}, transport.clock, transport.random, mds::support::Log::silent(), transport.metrics});
    CHECK_THROWS_AS(other.start(), std::system_error);
}
