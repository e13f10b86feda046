#include "modules/http/peers.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string_view>

namespace mds::http {

Peer Peer::of(sockaddr_storage const& from) noexcept {
    Peer peer;
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        peer.address[10] = peer.address[11] = 0xff;
        std::memcpy(&peer.address[12], &v4.sin_addr, 4);
    } else if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &from, sizeof v6);
        std::memcpy(peer.address.data(), &v6.sin6_addr, 16);
    }
    return peer;
}

std::size_t PeerCounts::Hash::operator()(Peer const& peer) const noexcept {
    std::array<char, 16> bytes;
    std::memcpy(bytes.data(), peer.address.data(), bytes.size());
    return std::hash<std::string_view>{}(std::string_view(bytes.data(), bytes.size()));
}

bool PeerCounts::admit(Peer const& peer) {
    std::lock_guard const lock(mutex_);
    if (total_ >= max_total_) return false;
    auto& count = by_peer_[peer];
    if (count >= max_per_peer_) return false;
    ++count;
    ++total_;
    return true;
}

void PeerCounts::release(Peer const& peer) noexcept {
    std::lock_guard const lock(mutex_);
    auto const found = by_peer_.find(peer);
    if (found == by_peer_.end()) return;
    --total_;
    if (--found->second == 0) by_peer_.erase(found);
}

}  // namespace mds::http
