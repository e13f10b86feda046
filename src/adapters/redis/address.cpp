#include "adapters/redis/address.hpp"

#include <charconv>
#include <cstdint>

namespace mds::redis {
namespace {

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 3 > text.size()) return std::nullopt;
        unsigned char byte = 0;
        auto const* const digits = text.data() + i + 1;
        auto const [end, error] = std::from_chars(digits, digits + 2, byte, 16);
        if (error != std::errc() || end != digits + 2) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

/// A whole number in 0..max, nothing around it.
std::optional<int> number(std::string_view text, int max) {
    int value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) return std::nullopt;
    return value;
}

bool take_log_in(std::string_view text, Address& address) {
    auto const colon = text.find(':');
    if (colon == text.npos) return false;
    auto user = decoded(text.substr(0, colon));
    auto password = decoded(text.substr(colon + 1));
    if (!user || !password) return false;
    address.user = *std::move(user);
    address.password = *std::move(password);
    return true;
}

bool take_host(std::string_view text, Address& address) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == text.npos) return false;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return false;
    } else if (auto const colon = text.find(':'); colon != text.npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    if (host.empty() || host.find_first_of(" ?#[") != host.npos) return false;
    address.host = host;
    if (rest.empty()) return true;
    auto const port = number(rest.substr(1), UINT16_MAX);
    if (!port || *port == 0) return false;
    address.port = std::to_string(*port);
    return true;
}

}  // namespace

std::string Address::without_secrets() const {
    bool const bracketed = host.find(':') != host.npos;
    return (bracketed ? "[" + host + "]" : host) + ":" + port + "/" + std::to_string(database);
}

std::optional<Address> parse_address(std::string_view url) {
    constexpr std::string_view scheme = "redis://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    Address address;
    auto const slash = url.find('/', url.rfind('@') == url.npos ? 0 : url.rfind('@'));
    if (slash != url.npos) {
        auto const database = url.substr(slash + 1);
        url = url.substr(0, slash);
        if (!database.empty()) {
            auto const chosen = number(database, 1'000'000);
            if (!chosen) return std::nullopt;
            address.database = *chosen;
        }
    }
    if (auto const at = url.rfind('@'); at != url.npos) {
        if (!take_log_in(url.substr(0, at), address)) return std::nullopt;
        url.remove_prefix(at + 1);
    }
    if (!take_host(url, address)) return std::nullopt;
    return address;
}

}  // namespace mds::redis
