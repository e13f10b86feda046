#include "support/catch.hpp"

#include <mds/domain/time.hpp>

#include <ctime>
#include <random>
#include <string>

using namespace mds;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

std::string reprinted(std::string const& text) {
    auto const time = parse_rfc3339(text);
    return time ? format_rfc3339(*time) : "nothing";
}

}  // namespace

TEST_CASE("times are written in UTC, a whole second without a fraction") {
    CHECK(format_rfc3339(UtcTime{}) == "1970-01-01T00:00:00Z");
    CHECK(format_rfc3339(UtcTime(microseconds(1))) == "1970-01-01T00:00:00.000001Z");
    CHECK(format_rfc3339(UtcTime(microseconds(120'000))) == "1970-01-01T00:00:00.12Z");
    CHECK(format_rfc3339(UtcTime(microseconds(-1))) == "1969-12-31T23:59:59.999999Z");
    CHECK(format_rfc3339(UtcTime(seconds(1'710'930'600))) == "2024-03-20T10:30:00Z");
    CHECK(format_rfc3339(UtcTime::min()) == "0001-01-01T00:00:00Z");
    CHECK(format_rfc3339(UtcTime::max()) == "9999-12-31T23:59:59.999999Z");
    std::string out = "at ";
    append_rfc3339(out, UtcTime(microseconds(500'000)));
    CHECK(out == "at 1970-01-01T00:00:00.5Z");
}

TEST_CASE("every form of RFC 3339 is read") {
    struct Row {
        char const* text;
        char const* expected;
    };
    for (auto const& [text, expected] : {
             Row{"2024-03-20T10:30:00Z", "2024-03-20T10:30:00Z"},
             Row{"2024-03-20t10:30:00z", "2024-03-20T10:30:00Z"},
             Row{"2024-03-20 10:30:00+00:00", "2024-03-20T10:30:00Z"},
             Row{"2024-03-20T10:30:00-00:00", "2024-03-20T10:30:00Z"},
             Row{"2024-03-20T10:30:00+02:00", "2024-03-20T08:30:00Z"},
             Row{"2024-03-20T10:30:00-0530", "2024-03-20T16:00:00Z"},
             Row{"2024-03-20T23:30:00-01:00", "2024-03-21T00:30:00Z"},
             Row{"2024-01-01T00:00:00+00:01", "2023-12-31T23:59:00Z"},
             Row{"2024-03-20T10:30:00.1Z", "2024-03-20T10:30:00.1Z"},
             Row{"2024-03-20T10:30:00.000001Z", "2024-03-20T10:30:00.000001Z"},
             Row{"2024-03-20T10:30:00.123456999999999999999999Z", "2024-03-20T10:30:00.123456Z"},
             Row{"1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"},
             Row{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
             Row{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
             Row{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
             Row{"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"},
             Row{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
             Row{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
         }) {
        INFO(text);
        CHECK(reprinted(text) == expected);
    }
}

TEST_CASE("what is no RFC 3339 time, or no date, is refused") {
    for (std::string const text : {"",
                                   "2024",
                                   "2024-03-20",
                                   "2024-03-20T10:30Z",
                                   "2024-03-20T10:30:00",
                                   "2024-03-20T10:30:00.Z",
                                   "2024-03-20T10:30:00,5Z",
                                   "2024-03-20T10:30:00ZZ",
                                   " 2024-03-20T10:30:00Z",
                                   "2024-03-20T10:30:00Z ",
                                   "2024-3-20T10:30:00Z",
                                   "24-03-20T10:30:00Z",
                                   "2024-03-20_10:30:00Z",
                                   "2024-03-20T10:30:00+1",
                                   "2024-03-20T10:30:00+24:00",
                                   "2024-03-20T10:30:00+00:60",
                                   "2024-03-20T10:30:00+-1:00",
                                   "2024-03-20T24:00:00Z",
                                   "2024-03-20T10:60:00Z",
                                   "2024-03-20T10:30:61Z",
                                   "2024-00-20T10:30:00Z",
                                   "2024-13-20T10:30:00Z",
                                   "2024-03-00T10:30:00Z",
                                   "2024-04-31T10:30:00Z",
                                   "2023-02-29T00:00:00Z",
                                   "1900-02-29T00:00:00Z",
                                   "2100-02-29T00:00:00Z",
                                   "0000-01-01T00:00:00Z",
                                   "0001-01-01T00:00:00+00:01",
                                   "9999-12-31T23:59:59-00:01",
                                   "9999-12-31T23:59:60Z",
                                   "-024-03-20T10:30:00Z",
                                   "2024-03-20T10:30:00UTC",
                                   "1710930600"}) {
        INFO(text);
        CHECK_FALSE(parse_rfc3339(text));
    }
}

TEST_CASE("any time survives being written and read, and agrees with the C library") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 100'000; ++i) {
        auto const whole = static_cast<std::int64_t>(random() % 315'537'897'599) - 62'135'596'800;  // years 1 to 9999
        UtcTime const time(seconds(whole) + microseconds(random() % 3 == 0 ? 0 : random() % 1'000'000));
        std::string const text = format_rfc3339(time);
        INFO(text);
        REQUIRE(parse_rfc3339(text) == time);
        std::time_t const calendar = whole;
        std::tm fields{};
        REQUIRE(gmtime_r(&calendar, &fields) != nullptr);
        char expected[64];
        std::snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d", fields.tm_year + 1900, fields.tm_mon + 1,
                      fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec);
        REQUIRE(text.substr(0, 19) == expected);
    }
}
