#pragma once
// An independent computation to hold ours against: decimals as text and big integers.

#include <mds/domain/decimal.hpp>

#include <boost/multiprecision/cpp_int.hpp>

#include <string>

namespace mds::testing {

using Big = boost::multiprecision::cpp_int;

inline Big big(Int128 value) {
    return Big(value);
}

inline Big ten_to(int n) {
    return boost::multiprecision::pow(Big(10), static_cast<unsigned>(n));
}

/// numerator / denominator, half to even.
inline Big divided_half_even(Big const& numerator, Big const& denominator) {
    Big quotient = numerator / denominator;
    Big const twice = (numerator - quotient * denominator) * 2;
    if (twice > denominator || (twice == denominator && quotient % 2 != 0)) ++quotient;
    return quotient;
}

/// units of 10^-decimals in plain notation, trailing zeros cut.
inline std::string plain(Big const& units, int decimals) {
    std::string text = units.str();
    auto const width = static_cast<std::size_t>(decimals) + 1;
    if (text.size() < width) text.insert(0, width - text.size(), '0');
    text.insert(text.size() - static_cast<std::size_t>(decimals), 1, '.');
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace mds::testing
