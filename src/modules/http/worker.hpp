#pragma once

#include "modules/http/listener.hpp"
#include "modules/http/sessions.hpp"
#include "support/io_thread.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace mds::http {

/// One I/O thread's share of the server: its listening socket, its connections and the loop that drives both.
class Worker {
public:
    Worker(support::IoThread& thread, Options const& options, RequestHandler const& handler, PeerCounts& peers, Clock& clock,
           std::uint64_t id_seed, support::Log log, std::shared_ptr<RequestCounts> counts);
    ~Worker();

    /// Before start(). Throws std::system_error. The port that was taken.
    std::uint16_t listen(std::uint16_t port);
    void start();
    /// Takes what the kernel has accepted, then no more; lets the connections end. Any thread.
    void interrupt() noexcept;
    support::IoThread& thread() noexcept { return thread_; }

private:
    using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

    void watch();
    void on_ready();
    void accept(int at_most);
    bool is_last_of_files(int fd) const noexcept;
    void pause_accepting(char const* reason);
    void arm_timer();
    void on_tick();
    void begin_drain();
    void end_if_drained();

    support::IoThread& thread_;
    Options const& options_;
    PeerCounts& peers_;
    std::shared_ptr<RequestCounts> counts_;
    support::Log log_;
    Epoll epoll_;
    Sessions sessions_;
    std::optional<Listener> listener_;
    boost::asio::posix::basic_stream_descriptor<IoExecutor> readable_;  ///< the epoll set, as the loop waits for it
    Timer timer_;
    bool timer_armed_ = false;
    bool accepting_ = true;
    bool draining_ = false;
};

}  // namespace mds::http
