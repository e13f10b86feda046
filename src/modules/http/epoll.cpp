#include "modules/http/epoll.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mds::http {

Epoll::Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Epoll::~Epoll() { ::close(fd_); }

bool Epoll::add(int fd, std::uint32_t events, void* tag) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = tag;
    return ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Epoll::modify(int fd, std::uint32_t events, void* tag) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = tag;
    ::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
}

void Epoll::remove(int fd) noexcept { ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr); }

std::span<epoll_event> Epoll::ready(std::span<epoll_event> room) noexcept {
    int const count = ::epoll_wait(fd_, room.data(), static_cast<int>(room.size()), 0);
    return room.first(count > 0 ? static_cast<std::size_t>(count) : 0);
}

}  // namespace mds::http
