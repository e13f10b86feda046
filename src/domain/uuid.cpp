#include <mds/domain/uuid.hpp>

#include <algorithm>

namespace mds {
namespace {

constexpr std::size_t text_size = 36;

constexpr bool hyphen_before(std::size_t byte) noexcept {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

// RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 random bits, variant, 62 random bits.
Uuid Uuid::v7(UtcTime time, std::uint64_t random_a, std::uint64_t random_b) noexcept {
    auto const since_epoch = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
    auto const milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(since_epoch, 0));
    std::uint64_t const random_12 = ((random_a & 0x3ff) << 2) | (random_b >> 62);
    std::uint64_t const high = (milliseconds << 16) | 0x7000 | random_12;
    std::uint64_t const low = (std::uint64_t{0b10} << 62) | (random_b & ~(std::uint64_t{0b11} << 62));
    Uuid uuid;
    for (std::size_t i = 0; i < 8; ++i) {
        uuid.bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
        uuid.bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    if (text.size() != text_size) return std::nullopt;
    Uuid uuid;
    std::size_t at = 0;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        if (hyphen_before(i) && text[at++] != '-') return std::nullopt;
        int const high = hex_value(text[at]);
        int const low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return uuid;
}

std::string Uuid::to_string() const {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string text;
    text.reserve(text_size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (hyphen_before(i)) text += '-';
        text += hex[bytes[i] >> 4];
        text += hex[bytes[i] & 0xf];
    }
    return text;
}

}  // namespace mds
