#include "app/lifecycle.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <ranges>
#include <span>
#include <string>

namespace mds::app {
namespace {

/// Only what is allowed in a signal handler.
extern "C" void end_now(int /*signal*/) {
    std::_Exit(static_cast<int>(ExitCode::second_signal));
}

using Modules = std::span<std::unique_ptr<Module> const>;

/// How many of the modules run; fewer than all where one failed or the signal came first.
struct Started {
    std::size_t count = 0;
    bool failed = false;
};

Started start(Modules modules, StopSignal& signal, support::Log const& log) {
    Started started;
    for (auto const& module : modules) {
        if (signal.raised()) break;
        try {
            module->start();
        } catch (std::exception const& error) {
            log.error("module.start_failed", {{"module", module->name()}, {"error", error.what()}});
            started.failed = true;
            break;
        }
        ++started.count;
        log.debug("module.started", {{"module", module->name()}});
    }
    return started;
}

bool stop(Modules modules, std::chrono::milliseconds grace, support::Log const& log) {
    auto const deadline = std::chrono::steady_clock::now() + grace;
    bool clean = true;
    for (auto const& module : modules) module->interrupt();
    for (auto const& module : modules | std::views::reverse) {
        bool const drained = module->drain(deadline);
        if (drained)
            log.debug("module.stopped", {{"module", module->name()}});
        else
            log.warning("module.gave_up", {{"module", module->name()}});
        clean = clean && drained;
    }
    return clean;
}

}  // namespace

class ProcessSignals::Impl {
public:
    Impl() : signals_(context_, SIGINT, SIGTERM) {
        std::signal(SIGPIPE, SIG_IGN);
        signals_.async_wait([this](boost::system::error_code const& error, int /*signal*/) { raised_ = raised_ || !error; });
    }

    bool raised() {
        context_.poll();
        return raised_;
    }

    void wait() {
        while (!raised_ && context_.run_one() > 0) {
        }
    }

    bool wait_for(std::chrono::milliseconds time) {
        if (!raised_) context_.run_one_for(time);
        return raised_;
    }

    void end_at_next() noexcept {
        boost::system::error_code ignored;
        signals_.clear(ignored);
        std::signal(SIGINT, end_now);
        std::signal(SIGTERM, end_now);
    }

private:
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_;
    bool raised_ = false;
};

ProcessSignals::ProcessSignals() : impl_(std::make_unique<Impl>()) {}
ProcessSignals::~ProcessSignals() = default;
bool ProcessSignals::raised() {
    return impl_->raised();
}
void ProcessSignals::wait() {
    impl_->wait();
}
bool ProcessSignals::wait_for(std::chrono::milliseconds time) {
    return impl_->wait_for(time);
}
void ProcessSignals::end_at_next() noexcept {
    impl_->end_at_next();
}

ExitCode run(std::vector<std::unique_ptr<Module>> const& modules, StopSignal& signal, std::chrono::milliseconds grace,
             support::Log const& log, std::function<void()> const& started) {
    auto const running = start(modules, signal, log);
    if (!running.failed) {
        if (running.count == modules.size()) {
            if (started) started();
            signal.wait();
        }
        log.info("mds.stopping", {{"grace_ms", grace.count()}});
    }
    signal.end_at_next();
    bool const clean = stop(Modules(modules).first(running.count), grace, log);
    log.info("mds.stopped", {{"clean", clean && !running.failed}});
    if (running.failed) return ExitCode::failure;
    return clean ? ExitCode::ok : ExitCode::drain_deadline;
}

}  // namespace mds::app
