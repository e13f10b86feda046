#pragma once
// An HTTP server on loopback that answers exactly what a test tells it to, byte by byte, however wrong.

#include <support/io_thread.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mds::test {

struct StubRequest {
    std::string target;
    std::string head;              ///< request line and fields as they came
    std::size_t connection = 0;    ///< 1, 2, 3 ... in order of acceptance
};

struct StubPart {
    std::string bytes;
    std::chrono::milliseconds wait{0};  ///< before it is sent
    std::size_t times = 1;
};

struct StubReply {
    enum class End { keep_open, close, reset, hang };  ///< hang: say nothing more, keep the connection
    std::vector<StubPart> parts;
    End end = End::keep_open;
};

/// A well-formed answer.
StubReply reply(int status, std::string const& body, std::vector<std::string> const& fields = {});

/// gzip form, for answers with Content-Encoding: gzip.
std::string gzipped(std::string const& text);

/// Listens from construction to destruction. `answer` is called on the server's thread.
class StubServer {
public:
    using Answer = std::function<StubReply(StubRequest const&)>;
    explicit StubServer(Answer answer);
    ~StubServer();

    std::uint16_t port() const noexcept { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<StubRequest> requests() const;
    /// Bytes that were handed to the kernel.
    std::size_t sent() const;

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    std::uint16_t port_ = 0;
    support::IoThread thread_;  // last: ends before what it uses
};

/// A loopback port on which nobody listens.
std::uint16_t closed_port();

}  // namespace mds::test
