#pragma once

#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>

namespace mds::providers {

/// Whether the address is one of the public Internet: not private, loopback, link-local, shared, multicast, reserved or for documentation
/// (https://www.iana.org/assignments/iana-ipv4-special-registry, -ipv6-special-registry), and not one of those wrapped in an IPv6
/// address.
bool is_public(boost::asio::ip::address const& address);
/// Of any other family than IPv4 and IPv6: false.
bool is_public(sockaddr const& address, std::size_t size);

}  // namespace mds::providers
