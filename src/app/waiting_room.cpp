#include "app/waiting_room.hpp"

#include "app/module_options.hpp"

#include "adapters/clock/system_clock.hpp"
#include "adapters/clock/system_random.hpp"
#include "modules/http/problem.hpp"
#include "modules/http/server.hpp"
#include "support/io_thread.hpp"

#include <mutex>

namespace mds::app {
namespace {

class Answers final : public http::RequestHandler {
public:
    explicit Answers(support::Metrics& metrics) : metrics_(metrics) {}

    void say(std::string reason) {
        std::lock_guard const lock(mutex_);
        reason_ = std::move(reason);
    }

    int answer_at_once(http::RequestView const&, http::Frame const&, std::string&) const override { return 0; }
    Awaitable<http::Reply> answer(http::Request request) const override { co_return reply(request); }
    std::vector<std::string> route_names() const override { return {"none", "latest_memory"}; }

private:
    http::Reply reply(http::Request const& request) const {
        if (request.path == "/healthz") return http::Reply(200, http::json_type, R"({"status":"ok"})");
        if (request.path == "/metrics") return http::Reply(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.render());
        auto answer = request.path == "/readyz" ? http::Reply(503, "text/plain; charset=utf-8", not_ready())
                                                : http::problem(request, 503, "not ready: the store is not there yet");
        answer.add("Retry-After", "1");
        return answer;
    }
    std::string not_ready() const {
        std::lock_guard const lock(mutex_);
        return "[-]store not ready: " + reason_ + "\nnot ready\n";
    }

    support::Metrics& metrics_;
    mutable std::mutex mutex_;
    std::string reason_;
};

}  // namespace

class WaitingRoom::Impl {
public:
    Impl(Config const& config, support::Metrics& metrics, support::Log const& log)
        : options_(http_options(config)),
          answers(metrics),
          server(options_, answers, {{&thread_}, clock_, random_, log, own_metrics_}) {
        server.start();
    }
    ~Impl() {
        server.interrupt();
        server.drain(std::chrono::steady_clock::now() + std::chrono::milliseconds(500));
    }

private:
    http::Options const options_;
    support::IoThread thread_{"mds-waiting"};
    clock::SystemClock clock_;
    clock::SystemRandom random_;
    support::Metrics own_metrics_;  ///< requests here are none of the API's

public:
    Answers answers;
    http::Server server;
};

WaitingRoom::WaitingRoom(Config const& config, support::Metrics& metrics, support::Log const& log)
    : impl_(std::make_unique<Impl>(config, metrics, log)) {}
WaitingRoom::~WaitingRoom() = default;

void WaitingRoom::say(std::string reason) {
    impl_->answers.say(std::move(reason));
}
std::uint16_t WaitingRoom::port() const noexcept {
    return impl_->server.port();
}

}  // namespace mds::app
