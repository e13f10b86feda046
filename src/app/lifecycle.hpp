#pragma once

#include <mds/module.hpp>

#include "support/log.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace mds::app {

/// What a process tells whoever started it. Documented in --help and docs/configuration.md.
enum class ExitCode : int {
    ok = 0,
    failure = 1,         ///< a module could not start, or a fault of ours
    usage = 2,           ///< command line or configuration
    store = 3,           ///< the store cannot be opened: locked, a newer schema, unreadable
    drain_deadline = 4,  ///< `shutdown.grace` passed before all work under way had ended
    second_signal = 130,
};

/// How the process is asked to end. Main thread only.
class StopSignal {
public:
    virtual ~StopSignal() = default;
    /// Whether it was asked to already. Never blocks.
    virtual bool raised() = 0;
    /// Returns once it is.
    virtual void wait() = 0;
    /// Returns once it is, or after so long; whether it is.
    virtual bool wait_for(std::chrono::milliseconds time) = 0;
    /// From now on another signal ends the process at once with ExitCode::second_signal.
    virtual void end_at_next() noexcept = 0;
};

/// SIGINT and SIGTERM of this process. Ignores SIGPIPE: a peer that went away is an error of its write.
/// Construct before the first thread is started.
class ProcessSignals final : public StopSignal {
public:
    ProcessSignals();
    ~ProcessSignals() override;
    bool raised() override;
    void wait() override;
    bool wait_for(std::chrono::milliseconds time) override;
    void end_at_next() noexcept override;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Starts the modules in order and waits for the signal. Then all are interrupted, and drained from the last to the first within
/// one deadline: who hands work on stands behind whom it hands it to. A module that cannot start, or a signal meanwhile, ends those
/// before it in the same way. `started` is called once all of them work.
ExitCode run(std::vector<std::unique_ptr<Module>> const& modules, StopSignal& signal, std::chrono::milliseconds grace,
             support::Log const& log, std::function<void()> const& started = {});

}  // namespace mds::app
