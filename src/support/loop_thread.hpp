#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace mds::support {

/// One plain thread that calls `step` again and again, with the waits that it asks for.
class LoopThread {
public:
    /// `name`: at most 15 bytes, shown by ps and top. `step` does a bounded piece of work and says how long to wait before the
    /// next. `nice`: how far the thread gives way to others where processors are short, 0 to 19 as nice(2) has it.
    LoopThread(std::string name, std::function<std::chrono::milliseconds()> step, int nice = 0);
    ~LoopThread();  ///< interrupts, and waits for the step under way
    LoopThread(LoopThread const&) = delete;
    LoopThread& operator=(LoopThread const&) = delete;

    void start();
    bool running() const noexcept;
    /// No further step. Never blocks, any thread.
    void interrupt() noexcept;
    /// Waits for the step under way. False: the deadline passed first.
    bool drain(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    void run();

    std::string name_;
    std::function<std::chrono::milliseconds()> step_;
    int nice_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool running_ = false;
    bool interrupted_ = false;
    std::thread thread_;
};

}  // namespace mds::support
