#include "support/catch.hpp"

#include <mds/domain/uuid.hpp>

#include <set>
#include <string>

using namespace mds;
using std::chrono::milliseconds;

TEST_CASE("a version 7 identifier holds time, version, variant and 74 random bits") {
    UtcTime const time{milliseconds(0x017F22E279B0)};
    // The example of RFC 9562, appendix A.6: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    std::uint64_t const random_a = 0xCC3 >> 2;
    std::uint64_t const random_b = (std::uint64_t{0xCC3 & 3} << 62) | 0x18C4DC0C0C07398F;
    CHECK(Uuid::v7(time, random_a, random_b).to_string() == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    CHECK(Uuid::v7(time, ~std::uint64_t{0}, ~std::uint64_t{0}).to_string() == "017f22e2-79b0-7fff-bfff-ffffffffffff");
    CHECK(Uuid::v7(time, 0, 0).to_string() == "017f22e2-79b0-7000-8000-000000000000");
    CHECK(Uuid::v7(UtcTime(milliseconds(-5)), 0, 0).to_string() == "00000000-0000-7000-8000-000000000000");

    std::set<Uuid> seen;
    for (int bit = 0; bit < 64; ++bit) seen.insert(Uuid::v7(time, 0, std::uint64_t{1} << bit));
    for (int bit = 0; bit < 10; ++bit) seen.insert(Uuid::v7(time, std::uint64_t{1} << bit, 0));
    CHECK(seen.size() == 74);
}

TEST_CASE("identifiers sort by time") {
    CHECK(Uuid::v7(UtcTime(milliseconds(1)), ~std::uint64_t{0}, ~std::uint64_t{0}) < Uuid::v7(UtcTime(milliseconds(2)), 0, 0));
    CHECK(Uuid::v7(UtcTime(milliseconds(2)), 0, 0).to_string() < Uuid::v7(UtcTime(milliseconds(0x100000000)), 0, 0).to_string());
}

TEST_CASE("an identifier is read in its canonical form alone") {
    std::string const text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    CHECK(Uuid::parse(text)->to_string() == text);
    CHECK(Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")->to_string() == text);
    for (std::string const bad :
         {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "017f22e279b07cc398c4dc0c0c07398f",
          "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
          "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f", "-017f22e279b0-7cc3-98c4-dc0c0c07398f"}) {
        INFO(bad);
        CHECK_FALSE(Uuid::parse(bad));
    }
}
