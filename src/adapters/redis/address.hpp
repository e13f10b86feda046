#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mds::redis {

/// Where a server is, and how to log in.
struct Address {
    std::string host = "127.0.0.1";
    std::string port = "6379";
    std::string user;  ///< empty: the default user
    std::string password;
    int database = 0;

    /// For the log: host:port/database.
    std::string without_secrets() const;
};

/// redis://[[user]:password@]host[:port][/database], the form that redis-cli takes; user and password percent-encoded, IPv6 in
/// brackets. nullopt for anything else.
std::optional<Address> parse_address(std::string_view url);

}  // namespace mds::redis
