#pragma once

#include <mds/domain/time.hpp>

#include "modules/http/peers.hpp"
#include "modules/http/request_parser.hpp"
#include "modules/http/timer_wheel.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace mds::http {

enum class Phase : std::uint8_t {
    reading,    ///< for a request, or idle between two
    answering,  ///< a coroutine works on the answer
    writing,    ///< the peer has not taken all yet
    lingering,  ///< all is sent and our side is shut; reading on so that the answer is not lost to a reset
    closed,
};

/// A request that a handler works on: what its answer needs, whoever gives it.
struct Awaited {
    std::string id;
    std::string path;
    SteadyTime arrived;
    bool head = false;
    bool http10 = false;
    bool keep_alive = true;
};

/// What is kept of a connection: while it is idle, this object and nothing else. One I/O thread; counted without a lock.
struct Connection : WheelEntry, boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter> {
    Connection(int socket, Peer const& from, bool is_counted, std::uint32_t events)
        : fd(socket), interest(events), counted(is_counted), peer(from) {}
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    int fd;                       ///< -1: closed
    std::uint32_t interest;       ///< what the epoll set watches for
    Phase phase = Phase::reading;
    bool counted;                 ///< against the caps; a refused one is not
    bool close_after = false;     ///< the answer under way is the last
    bool served = false;          ///< had an answer
    bool timing = false;          ///< the clock of a request's header runs
    Peer peer;
    std::uint64_t last_active = 0;///< tick of the last answer
    std::size_t looked_at = 0;    ///< bytes of `input` that were parsed in vain
    std::string input;            ///< bytes of a request that is not complete, or that waits its turn
    std::string output;           ///< bytes that the peer has not taken, behind output_sent others
    std::size_t output_sent = 0;
    std::unique_ptr<BodyReader> body;
    std::shared_ptr<Awaited const> awaited;  ///< while answering
};

using ConnectionPtr = boost::intrusive_ptr<Connection>;

}  // namespace mds::http
