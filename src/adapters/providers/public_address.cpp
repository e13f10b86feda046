#include <adapters/providers/public_address.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace mds::providers {

namespace {

namespace ip = boost::asio::ip;

struct Network {
    std::uint32_t address;
    int bits;

    bool holds(std::uint32_t host) const noexcept { return ((host ^ address) >> (32 - bits)) == 0; }
};

constexpr std::array<Network, 15> special{{
    {0x00000000, 8},   // 0.0.0.0: this host
    {0x0A000000, 8},   // 10.0.0.0: private
    {0x64400000, 10},  // 100.64.0.0: shared by a provider's customers
    {0x7F000000, 8},   // 127.0.0.0: loopback
    {0xA9FE0000, 16},  // 169.254.0.0: link-local, and the metadata of clouds
    {0xAC100000, 12},  // 172.16.0.0: private
    {0xC0000000, 24},  // 192.0.0.0: protocol assignments
    {0xC0000200, 24},  // 192.0.2.0: documentation
    {0xC0586300, 24},  // 192.88.99.0: relays of 6to4, no longer in use
    {0xC0A80000, 16},  // 192.168.0.0: private
    {0xC6120000, 15},  // 198.18.0.0: benchmarks
    {0xC6336400, 24},  // 198.51.100.0: documentation
    {0xCB007100, 24},  // 203.0.113.0: documentation
    {0xE0000000, 4},   // 224.0.0.0: multicast
    {0xF0000000, 4},   // 240.0.0.0: reserved, and broadcast
}};

bool is_public_v4(std::uint32_t host) {
    return std::none_of(special.begin(), special.end(), [host](Network const& network) { return network.holds(host); });
}

bool is_public_v6(ip::address_v6::bytes_type const& bytes) {
    auto const part = [&bytes](std::size_t at) { return (std::uint32_t{bytes[at]} << 8) | bytes[at + 1]; };
    auto const is_zero = [&bytes](std::size_t from, std::size_t to) {
        return std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.begin() + static_cast<std::ptrdiff_t>(to),
                           [](unsigned char byte) { return byte == 0; });
    };
    bool const mapped = is_zero(0, 10) && part(10) == 0xFFFF;                                // ::ffff:0:0/96
    bool const translated = part(0) == 0x0064 && part(2) == 0xFF9B && is_zero(4, 12);        // 64:ff9b::/96, RFC 6052
    if (mapped || translated) return is_public_v4((part(12) << 16) | part(14));
    if ((part(0) & 0xE000) != 0x2000) return false;                                          // only 2000::/3 is given out
    if (part(0) == 0x2001 && (part(2) < 0x0200 || part(2) == 0x0DB8)) return false;          // protocols and Teredo; documentation
    return part(0) != 0x2002 && !(part(0) == 0x3FFF && part(2) < 0x1000);                    // 6to4; documentation
}

}  // namespace

bool is_public(ip::address const& address) {
    return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6().to_bytes());
}

bool is_public(sockaddr const& address, std::size_t size) {
    if (address.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        ip::address_v6::bytes_type bytes;
        std::copy(std::begin(v6.sin6_addr.s6_addr), std::end(v6.sin6_addr.s6_addr), bytes.begin());
        return is_public_v6(bytes);
    }
    return false;
}

}  // namespace mds::providers
