#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>

namespace mds::http {

/// An epoll set, level-triggered. It is itself a descriptor that an Asio loop can wait for: that saves the per-connection operation
/// objects, and one system call per request, of waiting for each socket through Asio.
class Epoll {
public:
    Epoll();  ///< throws std::system_error
    ~Epoll();
    Epoll(Epoll const&) = delete;
    Epoll& operator=(Epoll const&) = delete;

    /// False: no memory or over the kernel's limit of watches.
    bool add(int fd, std::uint32_t events, void* tag) noexcept;
    void modify(int fd, std::uint32_t events, void* tag) noexcept;
    void remove(int fd) noexcept;
    /// What is ready now; never waits.
    std::span<epoll_event> ready(std::span<epoll_event> room) noexcept;
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

}  // namespace mds::http
