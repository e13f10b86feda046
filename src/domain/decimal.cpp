#include <mds/domain/decimal.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>

namespace mds {
namespace {

constexpr std::size_t max_text = 512;
constexpr int max_integer_digits = 18;
/// Beyond any exponent that 512 digits could bring back into range; larger ones are read as this.
constexpr int exponent_cap = 100'000;

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr std::uint64_t power_of_ten(int n) noexcept {
    std::uint64_t power = 1;
    for (; n > 0; --n) power *= 10;
    return power;
}

constexpr auto powers_of_ten = [] {
    std::array<std::uint64_t, 19> powers{};
    for (int n = 0; n < 19; ++n) powers[static_cast<std::size_t>(n)] = power_of_ten(n);
    return powers;
}();

/// A number as its text has it: digits (none in front that is zero) times ten to the `exponent`.
struct Scanned {
    std::array<char, max_text> digits;
    int count = 0;
    int exponent = 0;
    bool negative = false;

    void take(char digit) noexcept {
        if (count == 0 && digit == '0') return;
        digits[static_cast<std::size_t>(count++)] = digit;
    }
};

/// The exponent behind 'e', clamped. False: there is none.
bool scan_exponent(std::string_view text, int& exponent) noexcept {
    bool const negative = !text.empty() && text.front() == '-';
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    if (text.empty()) return false;
    int value = 0;
    for (char const c : text) {
        if (!is_digit(c)) return false;
        value = std::min(value * 10 + (c - '0'), exponent_cap);
    }
    exponent = negative ? -value : value;
    return true;
}

bool scan(std::string_view text, Scanned& out) noexcept {
    if (text.empty() || text.size() > max_text) return false;
    std::size_t at = 0;
    if (text[0] == '-' || text[0] == '+') {
        out.negative = text[0] == '-';
        ++at;
    }
    std::size_t const integer = at;
    for (; at < text.size() && is_digit(text[at]); ++at) out.take(text[at]);
    std::size_t seen = at - integer;
    int decimals = 0;
    if (at < text.size() && text[at] == '.') {
        std::size_t const fraction = ++at;
        for (; at < text.size() && is_digit(text[at]); ++at) out.take(text[at]);
        if (at == fraction) return false;
        seen += at - fraction;
        decimals = static_cast<int>(at - fraction);
    }
    if (seen == 0) return false;
    int exponent = 0;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return false;
        if (!scan_exponent(text.substr(at + 1), exponent)) return false;
    }
    out.exponent = exponent - decimals;
    return true;
}

/// All digits, of which there are 18 at most, times ten to the `zeros`, at most 36 together: as nearly every price is.
Int128 shifted(Scanned const& number, int zeros) noexcept {
    std::uint64_t units = 0;
    for (int i = 0; i < number.count; ++i)
        units = units * 10 + static_cast<std::uint64_t>(number.digits[static_cast<std::size_t>(i)] - '0');
    int const first = std::min(zeros, 18);
    return static_cast<Int128>(units) * static_cast<Int128>(powers_of_ten[static_cast<std::size_t>(first)]) *
           static_cast<Int128>(powers_of_ten[static_cast<std::size_t>(zeros - first)]);
}

/// The first `keep` digits (or all, filled up with zeros), rounded half to even by those behind. 0 <= keep <= 36.
Int128 round_half_even(Scanned const& number, int keep, bool& rounded) noexcept {
    if (number.count <= keep && number.count <= 18) return shifted(number, keep - number.count);
    Int128 units = 0;
    for (int i = 0; i < keep; ++i) {
        int const digit = i < number.count ? number.digits[static_cast<std::size_t>(i)] - '0' : 0;
        units = units * 10 + digit;
    }
    if (keep >= number.count) return units;
    auto const first = number.digits.begin() + keep;
    auto const last = number.digits.begin() + number.count;
    bool const tail = std::any_of(first + 1, last, [](char c) { return c != '0'; });
    rounded = tail || *first != '0';
    if (*first > '5' || (*first == '5' && (tail || units % 2 != 0))) ++units;
    return units;
}

void append_units(std::string& out, Int128 units, int decimals) {
    auto const scale = static_cast<Int128>(power_of_ten(decimals));
    std::array<char, 48> text;
    char* const point = std::to_chars(text.data(), text.data() + text.size(), static_cast<std::uint64_t>(units / scale)).ptr;
    auto fraction = static_cast<std::uint64_t>(units % scale);
    if (fraction == 0) {
        out.append(text.data(), point);
        return;
    }
    int digits = decimals;
    for (; fraction % 10 == 0; fraction /= 10) --digits;
    *point = '.';
    for (int i = digits; i > 0; --i, fraction /= 10) point[i] = static_cast<char>('0' + fraction % 10);
    out.append(text.data(), point + 1 + digits);
}

Price::Parsed failed(PriceFault fault) noexcept {
    Price::Parsed parsed;
    parsed.fault = fault;
    return parsed;
}

}  // namespace

Price::Parsed Price::parse(std::string_view text) noexcept {
    Scanned number;
    if (!scan(text, number)) return failed(PriceFault::not_a_number);
    if (number.negative || number.count == 0) return failed(PriceFault::not_positive);
    int const integer_digits = number.count + number.exponent;
    if (integer_digits > max_integer_digits) return failed(PriceFault::out_of_range);
    int const keep = integer_digits + decimals;
    if (keep < 0) return failed(PriceFault::not_positive);
    Parsed parsed;
    Int128 const units = round_half_even(number, keep, parsed.rounded);
    if (units == 0) return failed(PriceFault::not_positive);
    constexpr auto limit = static_cast<Int128>(power_of_ten(max_integer_digits)) * static_cast<Int128>(power_of_ten(decimals));
    if (units >= limit) return failed(PriceFault::out_of_range);
    parsed.price = Price(units);
    return parsed;
}

std::string Price::to_string() const {
    std::string text;
    append_to(text);
    return text;
}

void Price::append_to(std::string& out) const {
    append_units(out, units_, decimals);
}

std::optional<Average> Average::parse(std::string_view text) noexcept {
    auto const point = text.find('.');
    std::string_view const integer = text.substr(0, point);
    std::string_view const fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    bool const digits_alone =
        std::all_of(integer.begin(), integer.end(), is_digit) && std::all_of(fraction.begin(), fraction.end(), is_digit);
    if (!digits_alone || integer.empty() || integer.size() > max_integer_digits || fraction.size() > decimals) return std::nullopt;
    if (integer.size() > 1 && integer.front() == '0') return std::nullopt;
    if (point != std::string_view::npos && fraction.empty()) return std::nullopt;
    Int128 units = 0;
    for (char const c : integer) units = units * 10 + (c - '0');
    for (char const c : fraction) units = units * 10 + (c - '0');
    for (auto i = fraction.size(); i < decimals; ++i) units *= 10;
    return Average(units);
}

std::string Average::to_string() const {
    std::string text;
    append_units(text, units_, decimals);
    return text;
}

}  // namespace mds
