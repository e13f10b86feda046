#pragma once

#include <mds/module.hpp>

#include "modules/http/peers.hpp"
#include "modules/http/request_handler.hpp"
#include "modules/http/worker.hpp"
#include "support/metrics.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace mds::http {

/// The transport: workers on the threads it is given, serving one handler. Main thread, except interrupt() and health().
class Server {
public:
    /// What the transport needs beside its handler; see Dependencies.
    struct Parts {
        std::vector<support::IoThread*> threads;
        Clock& clock;
        Random& random;
        support::Log log;
        support::Metrics& metrics;
    };

    /// `options` and `handler` outlive it.
    Server(Options const& options, RequestHandler const& handler, Parts parts);
    /// Ends the threads, in haste if drain() was not called.
    ~Server();

    void start();
    void interrupt() noexcept;
    bool drain(SteadyTime deadline) noexcept;
    Health health() const;
    std::uint16_t port() const noexcept { return port_; }

private:
    enum class Stage { built, serving, draining };

    Options const& options_;
    support::Log log_;
    PeerCounts peers_;
    std::shared_ptr<RequestCollector> collector_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<Stage> stage_{Stage::built};
    std::uint16_t port_ = 0;
    bool joined_ = false;
};

}  // namespace mds::http
