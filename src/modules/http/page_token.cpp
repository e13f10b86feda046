#include "modules/http/page_token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace mds::http {
namespace {

constexpr std::size_t digest_size = 16;  // of the 32 bytes of HMAC-SHA256
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 section 5, without padding.
std::string base64url(std::string_view bytes) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (char const c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63];
    }
    if (count > 0) out += alphabet[bits << (6 - count) & 63];
    return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (char const c : text) {
        auto const value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<unsigned>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xff);
        }
    }
    return out;
}

unsigned char const* bytes_of(std::string_view text) { return static_cast<unsigned char const*>(static_cast<void const*>(text.data())); }

}  // namespace

PageTokens::PageTokens(std::string key) : key_(key.empty() ? "mds page token 1" : std::move(key)) {}

std::string PageTokens::digest(std::string_view scope, std::string_view position) const {
    std::string const message = std::string(scope) + '\n' + std::string(position);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes_of(message), message.size(), digest.data(), &size) == nullptr) {
        throw std::runtime_error("HMAC-SHA256 failed");
    }
    return std::string(digest.begin(), digest.begin() + digest_size);
}

std::string PageTokens::make(std::string_view scope, std::string_view position) const {
    return base64url(digest(scope, position) + std::string(position));
}

std::optional<std::string> PageTokens::read(std::string_view scope, std::string_view token) const {
    auto const bytes = from_base64url(token);
    // Encoded again: of the spellings that differ in unused bits only one is a token.
    if (!bytes || bytes->size() <= digest_size || base64url(*bytes) != token) return std::nullopt;
    std::string position = bytes->substr(digest_size);
    std::string const right = digest(scope, position);
    if (CRYPTO_memcmp(right.data(), bytes->data(), digest_size) != 0) return std::nullopt;
    return position;
}

std::string sha256_hex(std::string_view bytes) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) throw std::runtime_error("SHA-256 failed");
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += hex[digest[i] >> 4];
        out += hex[digest[i] & 15];
    }
    return out;
}

}  // namespace mds::http
