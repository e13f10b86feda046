#pragma once

#include <mds/domain/time.hpp>
#include <mds/ports/task.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mds::providers {

class CurlTransfer;

struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

using IoTimer =
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, IoExecutor>;

/// libcurl's "socket action" mode on Asio: libcurl says which sockets and which time-out it waits for, Asio waits, libcurl acts.
/// https://curl.se/libcurl/c/curl_multi_socket_action.html
///
/// Between two requests on one connection libcurl stops waiting for its socket. One that was opened here, and was not waited for in
/// vain, stays registered all the same until it is closed, so that a request on an open connection registers nothing.
class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
public:
    CurlMulti(IoExecutor executor, long connections_per_host);
    ~CurlMulti();
    CurlMulti(CurlMulti const&) = delete;
    CurlMulti& operator=(CurlMulti const&) = delete;

    /// The transfer ends by CurlTransfer::ended(), never from inside this call. False: interrupted, or libcurl refused it.
    bool add(CurlTransfer& transfer);
    void remove(CurlTransfer& transfer) noexcept;
    void interrupt() noexcept;

    /// One that was given back, with the options it had; none: there is none left.
    EasyHandle take_easy() noexcept;
    void give_back(EasyHandle easy) noexcept;
    /// Has the sockets of the handle's connections opened and closed here.
    void own_sockets_of(CURL* easy) noexcept;

private:
    struct Watch {
        explicit Watch(IoExecutor executor) : descriptor(executor) {}
        net::posix::basic_stream_descriptor<IoExecutor> descriptor;  ///< borrowed: libcurl opens and closes the socket
        std::uint64_t id = 0;                                        ///< tells a socket from a later one with the same number
        int wanted = 0;
        int waiting = 0;
    };

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch) noexcept;
    static int on_timer(CURLM* multi, long milliseconds, void* self) noexcept;
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
    static int on_close(void* self, curl_socket_t socket) noexcept;
    int watch(curl_socket_t socket, int wanted);
    void stop_watching(curl_socket_t socket) noexcept;
    void unwatch(curl_socket_t socket) noexcept;
    void arm(curl_socket_t socket, Watch& watch, int direction);
    void ready(curl_socket_t socket, std::uint64_t id, int direction, boost::system::error_code error);
    void schedule(long milliseconds);
    void act_soon();
    void wake_at(SteadyTime when);
    void woken();
    void act(curl_socket_t socket, int events);

    IoExecutor executor_;
    CURLM* multi_;
    IoTimer timer_;
    std::optional<SteadyTime> due_;    ///< when libcurl wants to be called though nothing happened
    std::optional<SteadyTime> armed_;  ///< when the timer expires: not later than due_, so that it is seldom set anew
    bool posted_ = false;              ///< a call that is due now is on its way
    std::unordered_map<curl_socket_t, std::unique_ptr<Watch>> watches_;
    std::unordered_set<curl_socket_t> own_;  ///< opened here, and told when they are closed
    std::unordered_set<CurlTransfer*> transfers_;
    std::vector<EasyHandle> spare_;
    std::uint64_t last_id_ = 0;
    bool interrupted_ = false;
};

}  // namespace mds::providers
