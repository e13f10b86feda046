#include "support/catch.hpp"

#include <mds/domain/series_numbers.hpp>

#include <string>

using namespace mds;

TEST_CASE("series are numbered as they come, and keep their number") {
    SeriesNumbers numbers;
    CHECK_FALSE(numbers.find("AAPL", "finnhub"));
    CHECK(numbers.add("AAPL", "finnhub") == 0);
    CHECK(numbers.add("MSFT", "finnhub") == 1);
    CHECK(numbers.add("AAPL", "finnhub") == 0);
    CHECK(numbers.find("MSFT", "finnhub") == 1U);
    CHECK(numbers.size() == 2);
    CHECK(numbers.symbol(0) == "AAPL");
    CHECK(numbers.symbol(1) == "MSFT");
}

TEST_CASE("a series is a symbol and a provider, not the two run together") {
    SeriesNumbers numbers;
    CHECK(numbers.add("A", "ab") == 0);
    CHECK(numbers.add("Aa", "b") == 1);
    CHECK(numbers.add("A", "b") == 2);
    CHECK_FALSE(numbers.find("Aa", "ab"));
    CHECK_FALSE(numbers.find("a", "ab"));
    CHECK(numbers.find("Aa", "b") == 1U);
}

TEST_CASE("many series of several providers are all found, and none that was not added") {
    SeriesNumbers numbers;
    constexpr SeriesNumbers::Number count = 20'000;
    auto const symbol = [](SeriesNumbers::Number number) { return std::string(number % 26, 'X') + std::to_string(number / 4); };
    auto const provider = [](SeriesNumbers::Number number) { return "provider-" + std::to_string(number % 4); };
    for (SeriesNumbers::Number number = 0; number < count; ++number)
        REQUIRE(numbers.add(symbol(number), provider(number)) == number);
    for (SeriesNumbers::Number number = 0; number < count; ++number) {
        REQUIRE(numbers.find(symbol(number), provider(number)) == number);
        REQUIRE(numbers.symbol(number) == symbol(number));
        REQUIRE_FALSE(numbers.find(symbol(number), "another"));
    }
    CHECK(numbers.size() == count);
}
