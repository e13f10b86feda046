#include "modules/http/query.hpp"

#include "support/catch.hpp"

#include <array>

using namespace mds;
using namespace mds::http;

namespace {

constexpr std::array<std::string_view, 3> known{"symbol", "limit", "start"};

Faults faults_of(std::string_view text) {
    Faults faults;
    Query const query(text, known, faults);
    return faults;
}

}  // namespace

TEST_CASE("parameters are decoded") {
    Faults faults;
    Query const query("symbol=BRK%2eB&limit=a+b%26c&", known, faults);
    CHECK(faults.empty());
    CHECK(*query.find("symbol") == "BRK.B");
    CHECK(*query.find("limit") == "a b&c");
    CHECK(query.find("start") == nullptr);
}

TEST_CASE("an unknown parameter is a fault that names the nearest known one") {
    auto const faults = faults_of("symbl=AAPL");
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].type == "extra_forbidden");
    CHECK(faults[0].loc == std::vector<std::string>{"query", "symbl"});
    CHECK(faults[0].msg == "unknown parameter 'symbl'; did you mean 'symbol'?");
    CHECK(faults[0].input == "\"AAPL\"");
    CHECK(faults_of("q=1")[0].msg == "unknown parameter 'q'; known: symbol, limit, start");
}

TEST_CASE("all faults are found at once") {
    auto const faults = faults_of("symbol=A&symbol=B&limit=&foo=1&start=%4&%zz=1");
    REQUIRE(faults.size() == 5);
    CHECK(faults[0].msg == "parameter 'symbol' is repeated");
    CHECK(faults[1].msg == "parameter 'limit' is empty");
    CHECK(faults[3].msg == "parameter 'start' is not percent-encoded");
    CHECK(faults_of("symbol").size() == 1);
    CHECK(faults_of("=x").size() == 1);
}

TEST_CASE("whole numbers are read within their bounds") {
    auto const read = [](std::string const& text) {
        Faults faults;
        Query query("limit=" + text, known, faults);
        auto const value = query.integer("limit", 1, 10'000);
        return faults.empty() ? std::to_string(*value) : faults[0].type;
    };
    CHECK(read("1") == "1");
    CHECK(read("10000") == "10000");
    CHECK(read("0") == "greater_than_equal");
    CHECK(read("-1") == "greater_than_equal");
    CHECK(read("10001") == "less_than_equal");
    CHECK(read("99999999999999999999") == "less_than_equal");
    CHECK(read("-99999999999999999999") == "greater_than_equal");
    CHECK(read("1.5") == "int_parsing");
    CHECK(read("1x") == "int_parsing");
    CHECK(read("%201") == "int_parsing");
}

TEST_CASE("times are RFC 3339 or epoch seconds") {
    auto const text = [](std::string_view input) {
        auto const time = parse_time_parameter(input);
        return time ? format_rfc3339(*time) : std::string("none");
    };
    CHECK(text("2024-03-20T10:30:00Z") == "2024-03-20T10:30:00Z");
    CHECK(text("2024-03-20T10:30:00+02:00") == "2024-03-20T08:30:00Z");
    CHECK(text("2024-03-20T10:30:00 02:00") == "2024-03-20T08:30:00Z");  // an unescaped '+'
    CHECK(text("1710930600") == "2024-03-20T10:30:00Z");
    CHECK(text("1710930600.25") == "2024-03-20T10:30:00.25Z");
    CHECK(text("0") == "1970-01-01T00:00:00Z");
    CHECK(text("-0.0000001") == "1969-12-31T23:59:59.999999Z");
    CHECK(text("253402300799") == "9999-12-31T23:59:59Z");
    for (auto const* const bad : {"253402300800", "-62135596801", "999999999999999999999", "1e9", "1.", ".5", "-", "", "yesterday", "2024-02-30T00:00:00Z"}) {
        INFO(bad);
        CHECK(text(bad) == "none");
    }
}
