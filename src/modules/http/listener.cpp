#include "modules/http/listener.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mds::http {
namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;

Endpoint endpoint_of(std::string const& address, std::uint16_t port) {
    boost::system::error_code ec;
    auto const parsed = boost::asio::ip::make_address(address, ec);
    if (ec) throw std::system_error(EINVAL, std::generic_category(), "http.address \"" + address + "\"");
    return Endpoint(parsed, port);
}

void set(int fd, int level, int option, int value) noexcept { ::setsockopt(fd, level, option, &value, sizeof value); }

/// Bound, not yet listening. Throws.
int bound_socket(Endpoint const& endpoint, bool shared) {
    auto const fail = [&](int fd, char const* what) {
        int const error = errno;
        if (fd >= 0) ::close(fd);
        throw std::system_error(error, std::generic_category(),
                                std::string(what) + " " + endpoint.address().to_string() + ":" + std::to_string(endpoint.port()));
    };
    int const fd = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail(fd, "cannot open a socket for");
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) fail(fd, "cannot listen on");
    return fd;
}

}  // namespace

void Listener::require_free(std::string const& address, std::uint16_t port) {
    if (port != 0) ::close(bound_socket(endpoint_of(address, port), false));
}

Listener::Listener(std::string const& address, std::uint16_t port) {
    Endpoint endpoint = endpoint_of(address, port);
    fd_ = bound_socket(endpoint, true);
    auto length = static_cast<socklen_t>(endpoint.capacity());
    if (::listen(fd_, SOMAXCONN) != 0 || ::getsockname(fd_, endpoint.data(), &length) != 0) {
        int const error = errno;
        ::close(fd_);
        throw std::system_error(error, std::generic_category(), "cannot listen on " + address);
    }
    endpoint.resize(length);
    port_ = endpoint.port();
    reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

Listener::~Listener() {
    ::close(fd_);
    if (reserve_ >= 0) ::close(reserve_);
}

Listener::Accepted Listener::accept() noexcept {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    void* const raw = &from;
    for (;;) {
        int const fd = ::accept4(fd_, static_cast<sockaddr*>(raw), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
            return {Result::accepted, fd, Peer::of(from)};
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return {Result::exhausted, -1, {}};
        // A connection that went away while it waited (ECONNABORTED, EPROTO and the network errors of accept(2)): the next one.
    }
}

void Listener::refuse_one(std::string const& answer) noexcept {
    if (reserve_ < 0) return;
    ::close(reserve_);
    int const fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) refuse(fd, answer);
    reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Listener::refuse(int fd, std::string const& answer) noexcept {
    ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
}

}  // namespace mds::http
