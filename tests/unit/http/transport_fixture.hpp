#pragma once

#include "modules/http/server.hpp"
#include "support/manual_clock.hpp"
#include "support/offload.hpp"
#include "support/seeded_random.hpp"
#include "unit/http/client.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mds::http::test {

using mds::test::ManualClock;
using mds::test::SeededRandom;

/// "/fast?x" is answered at once with "x", "/slow?x" as a coroutine, "/held?x" once the test says so, "/big?n" with n bytes.
class EchoHandler final : public RequestHandler {
public:
    int answer_at_once(RequestView const& request, Frame const& frame, std::string& out) const override {
        if (path_of(request.target) != "/fast") return 0;
        append_head(out, 200, frame);
        append_body(out, "text/plain", query_of(request.target), frame);
        return 200;
    }
    Awaitable<Reply> answer(Request request) const override {
        if (request.path == "/throw") throw std::runtime_error("a fault of ours: select * from secrets");
        if (request.path == "/held") co_await hold();
        if (request.path == "/big") co_return Reply(200, "text/plain", std::string(std::stoul(request.query), 'x'));
        co_return Reply(200, "text/plain", request.body.empty() ? request.query : request.body);
    }
    std::vector<std::string> route_names() const override { return {"none", "fast", "slow"}; }

    /// Waits until `count` requests are held.
    void await_held(std::size_t count) const {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_.size() >= count; });
    }
    void release() const {
        std::lock_guard const lock(mutex_);
        for (auto const& gate : held_) net::post(gate->get_executor(), [gate] { gate->cancel(); });
        held_.clear();
    }

private:
    using Gate = net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor>;

    Awaitable<void> hold() const {
        auto const executor = co_await net::this_coro::executor;
        auto const gate = std::make_shared<Gate>(executor, Gate::time_point::max());
        {
            std::lock_guard const lock(mutex_);
            held_.push_back(gate);
        }
        changed_.notify_all();
        co_await gate->async_wait(support::as_result);
    }

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable std::vector<std::shared_ptr<Gate>> held_;
};

struct Transport {
    Options options;
    ManualClock clock;
    SeededRandom random;
    support::Metrics metrics;
    EchoHandler handler;
    std::vector<std::unique_ptr<support::IoThread>> threads;
    std::optional<Server> server;

    explicit Transport(Options o = {}, std::size_t count = 1) : options(std::move(o)) {
        options.address = "127.0.0.1";
        options.port = 0;
        std::vector<support::IoThread*> loops;
        for (std::size_t i = 0; i < count; ++i) {
            threads.push_back(std::make_unique<support::IoThread>("http"));
            loops.push_back(threads.back().get());
        }
        server.emplace(options, handler, Server::Parts{loops, clock, random, support::Log::silent(), metrics});
        server->start();
    }
    ~Transport() {
        handler.release();  // a gate must not outlive its loop
        server->drain(std::chrono::steady_clock::now() + std::chrono::seconds(10));
        server.reset();
    }
    Client client() const { return Client(server->port()); }
};

inline std::string get_request(std::string const& target, std::string const& fields = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n";
}

}  // namespace mds::http::test
