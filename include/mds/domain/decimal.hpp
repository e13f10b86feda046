#pragma once
// Exact decimals. No binary floating point anywhere between a provider's text and the JSON answer.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mds {

__extension__ typedef __int128 Int128;

enum class PriceFault {
    not_a_number,  ///< empty, null, NaN, Infinity, trailing bytes
    not_positive,  ///< zero or below, also after rounding
    out_of_range,  ///< more than 18 integer digits
};

/// A price: 0 < value < 10^18, with up to 18 decimals, held as an integer number of 10^-18. Regular, 16 bytes.
class Price {
public:
    static constexpr int decimals = 18;

    struct Parsed;

    /// Reads plain or scientific notation ("150.25", "1.2e-05"), at most 512 bytes. More than 18 decimals are rounded half to even
    /// and marked, since the caller counts them. JSON's number grammar, and also a leading '+', "0150" and ".5", as seen in text fields.
    static Parsed parse(std::string_view text) noexcept;

    /// From a number of 10^-18 units. Precondition: 0 < units < 10^36.
    static constexpr Price from_units(Int128 units) noexcept { return Price(units); }
    constexpr Int128 units() const noexcept { return units_; }

    /// Shortest plain notation: no exponent, no trailing zeros, no bare point ("150.25", "20", "0.000012").
    std::string to_string() const;
    /// The same, appended: the hot path reuses its buffer.
    void append_to(std::string& out) const;

    friend constexpr auto operator<=>(Price const&, Price const&) = default;

private:
    explicit constexpr Price(Int128 units) noexcept : units_(units) {}
    Int128 units_;
};

struct Price::Parsed {
    std::optional<Price> price;                        ///< set, or `fault` says why not
    PriceFault fault = PriceFault::not_a_number;
    bool rounded = false;                              ///< digits beyond the 18th decimal were dropped
};

/// The mean of prices: as Price, with 19 decimals (a fifth of 10^-18 needs one more).
class Average {
public:
    static constexpr int decimals = 19;

    static constexpr Average from_units(Int128 units) noexcept { return Average(units); }
    constexpr Int128 units() const noexcept { return units_; }

    /// Reads what to_string() wrote (plain notation, at most 19 decimals); anything else is nullopt.
    static std::optional<Average> parse(std::string_view text) noexcept;
    std::string to_string() const;

    friend constexpr auto operator<=>(Average const&, Average const&) = default;

private:
    explicit constexpr Average(Int128 units) noexcept : units_(units) {}
    Int128 units_;
};

}  // namespace mds
