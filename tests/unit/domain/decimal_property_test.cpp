#include "support/catch.hpp"

#include "exact.hpp"

#include <random>
#include <string>

using namespace mds;
using namespace mds::testing;

namespace {

constexpr int rounds = 200'000;

class Texts {
public:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    std::string digits(std::uint64_t count) {
        std::string text;
        for (; count > 0; --count) text += static_cast<char>('0' + (below(3) == 0 ? (below(2) == 0 ? 0 : 9) : below(10)));
        return text;
    }

private:
    std::mt19937_64 random_{1};
};

/// cpp_int takes a leading zero for octal.
Big number(std::string const& digits) {
    auto const first = digits.find_first_not_of('0');
    return first == std::string::npos ? Big(0) : Big(digits.substr(first));
}

}  // namespace

TEST_CASE("any price text is read as big integers read it, rounded half to even at 18 decimals") {
    Texts random;
    Big const limit = ten_to(36);
    for (int i = 0; i < rounds; ++i) {
        std::string const integer = random.digits(random.below(22));
        std::string const fraction = random.digits(random.below(integer.empty() ? 25 : 26) + (integer.empty() ? 1 : 0));
        int const exponent = static_cast<int>(random.below(60)) - 30;
        std::string text = integer + (fraction.empty() ? "" : "." + fraction);
        if (random.below(2) == 0) text += (random.below(2) == 0 ? "e" : "E") + std::to_string(exponent);
        bool const has_exponent = text.find_first_of("eE") != std::string::npos;
        if (random.below(8) == 0) text.insert(0, "+");

        Big const digits = number(integer + fraction);
        int const shift = (has_exponent ? exponent : 0) - static_cast<int>(fraction.size()) + Price::decimals;
        Big const exact_units = shift >= 0 ? Big(digits * ten_to(shift)) : divided_half_even(digits, ten_to(-shift));
        bool const exact = shift >= 0 || digits % ten_to(-shift) == 0;

        INFO(text);
        auto const parsed = Price::parse(text);
        if (exact_units == 0) {
            REQUIRE_FALSE(parsed.price);
            REQUIRE(parsed.fault == PriceFault::not_positive);
        } else if (exact_units >= limit) {
            REQUIRE_FALSE(parsed.price);
            REQUIRE(parsed.fault == PriceFault::out_of_range);
        } else {
            REQUIRE(parsed.price);
            REQUIRE(big(parsed.price->units()) == exact_units);
            REQUIRE(parsed.rounded == !exact);
            std::string const printed = parsed.price->to_string();
            REQUIRE(printed == plain(exact_units, Price::decimals));
            REQUIRE(Price::parse(printed).price == parsed.price);
        }
    }
}

TEST_CASE("an average is printed as big integers print it, and read back") {
    Texts random;
    for (int i = 0; i < rounds; ++i) {
        Int128 units = 0;
        for (char const c : random.digits(1 + random.below(37))) units = units * 10 + (c - '0');
        Average const average = Average::from_units(units);
        std::string const printed = average.to_string();
        INFO(printed);
        REQUIRE(printed == plain(big(units), Average::decimals));
        REQUIRE(Average::parse(printed) == average);
    }
}
