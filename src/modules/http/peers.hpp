#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

struct sockaddr_storage;

namespace mds::http {

/// An address without its port; IPv4 in the mapped form.
struct Peer {
    std::array<std::uint8_t, 16> address{};
    static Peer of(sockaddr_storage const& from) noexcept;
    friend bool operator==(Peer const&, Peer const&) = default;
};

/// Open connections of all I/O threads, in all and by peer. Any thread; asked once per connection, never per request.
class PeerCounts {
public:
    PeerCounts(std::size_t max_total, std::size_t max_per_peer) : max_total_(max_total), max_per_peer_(max_per_peer) {}
    /// False: over a cap, nothing was counted.
    bool admit(Peer const& peer);
    void release(Peer const& peer) noexcept;

private:
    struct Hash {
        std::size_t operator()(Peer const& peer) const noexcept;
    };
    std::size_t max_total_;
    std::size_t max_per_peer_;
    std::mutex mutex_;
    std::size_t total_ = 0;
    std::unordered_map<Peer, std::size_t, Hash> by_peer_;
};

}  // namespace mds::http
