#include "support/catch.hpp"

#include <mds/domain/decimal.hpp>

#include <string>

using mds::Average;
using mds::Price;
using mds::PriceFault;

namespace {

std::string reprinted(std::string const& text) {
    auto const parsed = Price::parse(text);
    return parsed.price ? parsed.price->to_string() : "fault " + std::to_string(static_cast<int>(parsed.fault));
}

PriceFault fault_of(std::string const& text) {
    auto const parsed = Price::parse(text);
    REQUIRE_FALSE(parsed.price.has_value());
    return parsed.fault;
}

}  // namespace

TEST_CASE("a price is printed in its shortest plain notation") {
    CHECK(reprinted("150.25") == "150.25");
    CHECK(reprinted("150.250000") == "150.25");
    CHECK(reprinted("20") == "20");
    CHECK(reprinted("20.000") == "20");
    CHECK(reprinted("0.1") == "0.1");
    CHECK(reprinted("1.2e-05") == "0.000012");
    CHECK(reprinted("1.2E+5") == "120000");
    CHECK(reprinted("12e0") == "12");
    CHECK(reprinted("0e5") == "fault 1");
    CHECK(reprinted("+5.5") == "5.5");
    CHECK(reprinted("0150") == "150");
    CHECK(reprinted(".5") == "0.5");
    CHECK(reprinted("999999999999999999.999999999999999999") == "999999999999999999.999999999999999999");
    CHECK(reprinted("0.000000000000000001") == "0.000000000000000001");
    CHECK(reprinted("1e-18") == "0.000000000000000001");
    CHECK(reprinted("1e17") == "100000000000000000");
}

TEST_CASE("what is not a price says why") {
    for (std::string const text :
         {"", " 1", "1 ", "null", "NaN", "Infinity", "-", "+", ".", "1.", "1.e5", "1e", "1e+", "0x10", "1,5", "1e5x"}) {
        INFO(text);
        CHECK(fault_of(text) == PriceFault::not_a_number);
    }
    for (std::string const text :
         {"0", "-0", "0.000", "-1", "-1e400", "1e-400", "1e-999999999999", "0e999999999999", "0.0000000000000000005"}) {
        INFO(text);
        CHECK(fault_of(text) == PriceFault::not_positive);
    }
    for (std::string const text :
         {"1e400", "1e18", "1000000000000000000", "1e999999999999", "999999999999999999.9999999999999999995"}) {
        INFO(text);
        CHECK(fault_of(text) == PriceFault::out_of_range);
    }
}

TEST_CASE("a price of more than 18 decimals is rounded half to even, and marked") {
    auto const rounded = [](std::string const& text) { return Price::parse(text).rounded; };
    CHECK(reprinted("1.0000000000000000005") == "1");
    CHECK(reprinted("1.0000000000000000015") == "1.000000000000000002");
    CHECK(reprinted("1.0000000000000000025") == "1.000000000000000002");
    CHECK(reprinted("1.00000000000000000250000001") == "1.000000000000000003");
    CHECK(reprinted("0.00000000000000000051") == "0.000000000000000001");
    CHECK(reprinted("0.9999999999999999999") == "1");
    CHECK(rounded("1.0000000000000000005"));
    CHECK(rounded("0.9999999999999999999"));
    CHECK_FALSE(rounded("1.000000000000000001"));
    CHECK_FALSE(rounded("1.0000000000000000010000"));
}

TEST_CASE("hostile lengths and exponents are safe") {
    CHECK(fault_of(std::string(10'240, '9')) == PriceFault::not_a_number);
    CHECK(fault_of("0." + std::string(10'240, '1')) == PriceFault::not_a_number);
    CHECK(fault_of("1e" + std::string(10'240, '9')) == PriceFault::not_a_number);
    CHECK(fault_of("1e" + std::string(500, '9')) == PriceFault::out_of_range);
    CHECK(fault_of("1e-" + std::string(500, '9')) == PriceFault::not_positive);
    CHECK(reprinted("1e+" + std::string(500, '0')) == "1");
    CHECK(reprinted(std::string(500, '0') + "7") == "7");
    CHECK(reprinted("0." + std::string(400, '0') + "15e400") == "0.15");
    CHECK(reprinted("15" + std::string(400, '0') + "e-401") == "1.5");
    CHECK(fault_of(std::string("1\0", 2)) == PriceFault::not_a_number);
}

TEST_CASE("an average is read from what was printed alone") {
    CHECK(Average::parse("0.0000000000000000001")->units() == 1);
    CHECK(Average::parse("150.25")->to_string() == "150.25");
    CHECK(Average::parse("150.2500000000000000000")->to_string() == "150.25");
    for (std::string const text : {"", ".", "1.", ".5", "-1", "+1", "1e5", "01", "00", " 1", "1 ", "1.2.3", "1,5", "NaN",
                                   "1000000000000000000", "0.00000000000000000001"}) {
        INFO(text);
        CHECK_FALSE(Average::parse(text));
    }
}
