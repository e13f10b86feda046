#pragma once
// A price that looks like a market's and is a pure function of seed, symbol and time: nothing is remembered between two calls.

#include <mds/domain/decimal.hpp>
#include <mds/domain/time.hpp>

#include <cstdint>
#include <string_view>

namespace mds::providers {

/// Well mixed bits of all its arguments (SplitMix64's finalizer over FNV-1a).
std::uint64_t hashed(std::uint64_t seed, std::string_view text, std::uint64_t number) noexcept;

/// A base of 2 to 2000 from the symbol, times 1 plus the sum of octaves of noise: from 12 % over eight hours down to 0.02 % over a
/// second. Two to four decimals, by magnitude. Integers only, so that every machine says the same.
Price simulated_price(std::uint64_t seed, std::string_view symbol, UtcTime at) noexcept;

}  // namespace mds::providers
