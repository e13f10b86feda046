#include <mds/domain/uuid.hpp>

#include <algorithm>

namespace mds {
namespace {

constexpr std::size_t text_size = 36;

constexpr bool hyphen_before(std::size_t byte) noexcept {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/// Where each byte stands in the text.
constexpr std::array<std::uint8_t, 16> places{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

constexpr std::uint8_t no_digit = 0xff;

/// By character; no_digit where it is none.
constexpr auto hex_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0') + i] = i;
    for (std::uint8_t i = 10; i < 16; ++i)
        values[static_cast<std::size_t>('a') + i - 10] = values[static_cast<std::size_t>('A') + i - 10] = i;
    return values;
}();

std::uint8_t hex_value(char c) noexcept {
    return hex_values[static_cast<unsigned char>(c)];
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
    if (text.size() != text_size || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
    Uuid uuid;
    unsigned seen = 0;  // all values together: one that is no digit sets bits above the lowest four
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        unsigned const high = hex_value(text[places[i]]);
        unsigned const low = hex_value(text[places[i] + 1U]);
        seen |= high | low;
        uuid.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    if (seen > 0xf) return std::nullopt;
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
