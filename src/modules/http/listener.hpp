#pragma once

#include "modules/http/peers.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mds::http {

/// A listening socket of one I/O thread. Several share a port (SO_REUSEPORT), and the kernel spreads connections over them.
class Listener {
public:
    /// Throws std::system_error where the address cannot be had.
    Listener(std::string const& address, std::uint16_t port);
    ~Listener();
    Listener(Listener const&) = delete;
    Listener& operator=(Listener const&) = delete;

    enum class Result {
        accepted,
        none,       ///< nobody is waiting
        exhausted,  ///< no descriptor left
    };
    struct Accepted {
        Result result = Result::none;
        int fd = -1;
        Peer peer;
    };
    Accepted accept() noexcept;
    /// Tells one waiting connection `answer` and closes it, with a descriptor that is kept for that.
    void refuse_one(std::string const& answer) noexcept;
    /// The same for one that was accepted: `fd` is closed.
    static void refuse(int fd, std::string const& answer) noexcept;

    std::uint16_t port() const noexcept { return port_; }
    int fd() const noexcept { return fd_; }

    /// Throws std::system_error if another process listens there: SO_REUSEPORT alone would share the port with it in silence.
    static void require_free(std::string const& address, std::uint16_t port);

private:
    int fd_ = -1;
    int reserve_ = -1;  ///< given up for a moment when no descriptor is left
    std::uint16_t port_ = 0;
};

}  // namespace mds::http
