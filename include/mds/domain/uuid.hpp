#pragma once

#include <mds/domain/time.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mds {

/// 128-bit identifier, RFC 9562. Ours are version 7: milliseconds since the epoch, then random bits, so that they sort by time.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// Version 7 from a time and 74 random bits (the low 10 of `random_a`, all of `random_b`).
    static Uuid v7(UtcTime time, std::uint64_t random_a, std::uint64_t random_b) noexcept;
    /// Canonical form, lower or upper case.
    static std::optional<Uuid> parse(std::string_view text) noexcept;
    std::string to_string() const;

    friend auto operator<=>(Uuid const&, Uuid const&) = default;
};

}  // namespace mds
