#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <future>
#include <string>
#include <thread>

namespace mds::support {

/// One thread with an io_context of its own. Everything on it is single-threaded: no strands, no locks. It is soon on a processor
/// when something happens, however busy other threads are, as far as the kernel allows it.
/// Construct before, and destroy after, every pool whose threads post to it.
class IoThread {
public:
    using Executor = boost::asio::io_context::executor_type;

    /// `name`: at most 15 bytes, shown by ps and top.
    explicit IoThread(std::string name);
    ~IoThread();  ///< stops at once and joins
    IoThread(IoThread const&) = delete;
    IoThread& operator=(IoThread const&) = delete;

    boost::asio::io_context& context() noexcept { return context_; }
    Executor executor() noexcept { return context_.get_executor(); }

    void start();
    /// Lets the loop end once it has no work left. Any thread.
    void release() noexcept;
    /// Waits for the loop to end, stops it at the deadline, joins. False: it was stopped with work left.
    bool join(std::chrono::steady_clock::time_point deadline) noexcept;

private:
    std::string name_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<Executor> work_;
    std::promise<void> ended_;
    std::future<void> end_;
    std::thread thread_;
};

}  // namespace mds::support
