#pragma once

#include <mds/ports/clock.hpp>

#include "modules/http/connection.hpp"
#include "modules/http/epoll.hpp"
#include "modules/http/options.hpp"
#include "modules/http/request_counts.hpp"
#include "modules/http/request_handler.hpp"
#include "support/log.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mds::http {

/// The connections of one I/O thread: bytes in, requests answered in order, bytes out. All requests that one read brought are answered
/// with one send; buffers are the thread's, and a connection keeps only what is left over.
class Sessions {
public:
    Sessions(IoExecutor executor, Epoll& epoll, Options const& options, RequestHandler const& handler, PeerCounts& peers, Clock& clock,
             std::uint64_t id_seed, support::Log log, RequestCounts& counts);
    ~Sessions();

    /// Takes a connected socket. `admitted`: it is counted against the caps; otherwise it is told 503 and closed.
    void open(int fd, Peer const& peer, bool admitted);
    void on_events(Connection& connection, std::uint32_t events);
    /// Every TimerWheel::tick.
    void tick();
    /// From now on each answer is the last of its connection; idle ones are closed.
    void drain();
    bool empty() const noexcept { return wheel_.empty(); }

    /// The whole answer to a connection that is one too many.
    std::string refusal();

private:
    // sessions.cpp: requests
    std::size_t process(Connection& connection, std::string_view input);
    std::size_t process_one(Connection& connection, std::string_view input);
    std::size_t read_body(Connection& connection, std::string_view input);
    void await_body(Connection& connection, std::string_view head, RequestView const& request, bool nothing_yet);
    void dispatch(Connection& connection, RequestView const& request);
    void answer_later(Connection& connection, RequestView const& request, Frame const& frame);
    void answered(Connection& connection, Awaited const& awaited, Reply const& reply);
    void give_up(Connection& connection);
    void fail(Connection& connection, int status, std::string_view detail, RequestView const& seen);
    void look_at_clock();
    void count_at_once();
    Frame frame_of(RequestView const& request);
    std::string_view new_id();

    // session_io.cpp: bytes and deadlines
    void read(Connection& connection);
    void resume(Connection& connection);
    bool flush(Connection& connection);
    void flush_rest(Connection& connection);
    void settle(Connection& connection);
    void linger(Connection& connection);
    void discard(Connection& connection);
    void close(Connection& connection);
    void expired(Connection& connection);
    void listen_for(Connection& connection, std::uint32_t events);

    IoExecutor executor_;
    Epoll& epoll_;
    Options const& options_;
    RequestHandler const& handler_;
    PeerCounts& peers_;
    Clock& clock_;
    support::Log log_;
    RequestCounts& counts_;
    TimerWheel wheel_;
    bool draining_ = false;
    std::size_t refused_open_ = 0;

    std::array<char, 64 * 1024> received_;
    std::string out_;       ///< answers of the connection at hand, not yet sent
    std::string body_;      ///< body of the request at hand
    UtcTime now_;
    SteadyTime began_;      ///< of the event at hand
    std::int64_t date_second_ = -1;
    std::string date_;
    std::uint64_t id_state_;
    std::array<char, 16> id_;
    std::uint64_t at_once_ok_ = 0;  ///< answers of this event that wait for the clock to be read again
    std::uint64_t at_once_unchanged_ = 0;
};

}  // namespace mds::http
