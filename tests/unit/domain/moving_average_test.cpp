#include "support/catch.hpp"

#include "exact.hpp"

#include <mds/domain/moving_average.hpp>

#include <random>
#include <vector>

using namespace mds;
using namespace mds::testing;

namespace {

Int128 const largest = Int128(1'000'000'000'000'000'000) * 1'000'000'000'000'000'000 - 1;

std::vector<Price> prices_of(std::vector<char const*> const& texts) {
    std::vector<Price> prices;
    for (auto const* const text : texts) prices.push_back(*Price::parse(text).price);
    return prices;
}

Big exact_mean(std::span<Price const> prices) {
    Big sum = 0;
    for (Price const price : prices) sum += big(price.units());
    return divided_half_even(sum * 10, Big(prices.size()));
}

}  // namespace

TEST_CASE("the mean of five is exact") {
    CHECK(mean(prices_of({"1", "2", "3", "4", "6"})).to_string() == "3.2");
    CHECK(mean(prices_of({"0.000000000000000001", "0.000000000000000001", "0.000000000000000001", "0.000000000000000001",
                          "0.000000000000000002"}))
              .to_string() == "0.0000000000000000012");
    CHECK(mean(prices_of({"150.25", "150.26", "150.27", "150.28", "150.30"})).to_string() == "150.272");
}

TEST_CASE("a mean that does not end is rounded half to even at 19 decimals") {
    CHECK(mean(prices_of({"1", "1", "2"})).to_string() == "1.3333333333333333333");
    CHECK(mean(prices_of({"1", "2", "2"})).to_string() == "1.6666666666666666667");
    std::vector<Price> tie(20, Price::from_units(1));
    tie[0] = Price::from_units(2);  // 21 * 10 / 20 = 10.5
    CHECK(mean(tie).units() == 10);
    tie[1] = tie[2] = Price::from_units(2);  // 23 * 10 / 20 = 11.5
    CHECK(mean(tie).units() == 12);
}

TEST_CASE("500 of the largest prices do not overflow") {
    std::vector<Price> const prices(500, Price::from_units(largest));
    CHECK(big(mean(prices).units()) == big(largest) * 10);
    CHECK(mean(prices).to_string() == "999999999999999999.999999999999999999");
    std::vector<Price> const one(1, Price::from_units(largest));
    CHECK(big(mean(one).units()) == big(largest) * 10);
}

TEST_CASE("the mean of any prices is that of big integers") {
    std::mt19937_64 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::vector<Price> prices;
        auto const count = 1 + random() % (round % 50 == 0 ? 500 : 12);
        for (std::uint64_t i = 0; i < count; ++i) {
            Int128 units =
                Int128(random() % 1'000'000'000'000'000'000) * 1'000'000'000'000'000'000 + random() % 1'000'000'000'000'000'000;
            for (auto cut = random() % 36; cut > 0; --cut) units /= 10;
            prices.push_back(Price::from_units(units + 1 > largest ? largest : units + 1));
        }
        REQUIRE(big(mean(prices).units()) == exact_mean(prices));
    }
}

TEST_CASE("a window gives the mean of the last prices from its period on") {
    std::mt19937_64 random(11);
    for (int const period : {min_period, 3, stored_period, 20, max_period}) {
        MovingWindow window(period);
        std::vector<Price> all;
        for (int i = 1; i <= period * 2 + 3; ++i) {
            all.push_back(Price::from_units(Int128(random()) + 1));
            bool const full = window.push(all.back());
            REQUIRE(full == (i >= period));
            REQUIRE(window.size() == static_cast<std::size_t>(std::min(i, period)));
            if (full) REQUIRE(big(window.average().units()) == exact_mean(std::span(all).last(static_cast<std::size_t>(period))));
        }
    }
}
