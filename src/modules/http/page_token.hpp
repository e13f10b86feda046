#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mds::http {

/// Page tokens: a position and a keyed digest of it together with route and filters, so that an altered token, or one of other filters,
/// is found out. Stateless: a token is good after a restart and on every replica with the same key. Any thread.
class PageTokens {
public:
    /// An empty key is a constant: then a client that reads our source can make tokens, which gain it nothing but other positions.
    explicit PageTokens(std::string key);

    /// `scope`: the route and each filter with its value, in one spelling.
    std::string make(std::string_view scope, std::string_view position) const;
    /// The position; nullopt where the token is not one of `scope`.
    std::optional<std::string> read(std::string_view scope, std::string_view token) const;

private:
    std::string digest(std::string_view scope, std::string_view position) const;
    std::string key_;
};

/// SHA-256 as 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace mds::http
