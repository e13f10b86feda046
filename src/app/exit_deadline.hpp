#pragma once

#include "app/lifecycle.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace mds::app {

/// The end of the process, come what may. Once the modules were drained, or gave up, everything that counts is in the store; what
/// is left is taking things down, and that waits for threads of libraries: librdkafka's clients do not come to their end after the
/// topic was made anew with fewer partitions (seen with 2.0.2). Main thread.
class ExitDeadline {
public:
    explicit ExitDeadline(support::Log log);
    /// All was taken down in time.
    ~ExitDeadline();
    ExitDeadline(ExitDeadline const&) = delete;
    ExitDeadline& operator=(ExitDeadline const&) = delete;

    /// From now on the process ends after `patience` with this code, unless the destructor comes first. Once.
    ExitCode arm(ExitCode code, std::chrono::milliseconds patience);

private:
    void wait(ExitCode code, std::chrono::milliseconds patience);

    support::Log log_;
    std::mutex mutex_;
    std::condition_variable done_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace mds::app
