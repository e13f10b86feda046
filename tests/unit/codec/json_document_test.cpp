#include "support/catch.hpp"

#include "codec/json_document.hpp"
#include "codec/json_text.hpp"

#include <string>

using mds::codec::append_json_string;
using mds::codec::DuplicateKeys;
using mds::codec::Json;
using mds::codec::JsonLimits;

namespace {

Json read(std::string const& text, JsonLimits const& limits = {}) {
    auto result = Json::parse(text, limits);
    INFO(text);
    REQUIRE(result.has_value());
    return *result;
}

std::string refusal(std::string const& text, JsonLimits const& limits = {}) {
    auto const result = Json::parse(text, limits);
    INFO(text);
    REQUIRE(result.has_error());
    CHECK(result.error().code == mds::ErrorCode::invalid_argument);
    return result.error().message;
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a JSON number keeps its text") {
    for (std::string const text : {"0", "-0", "1.10", "150.250000", "1.2e-05", "1E+5", "-7", "1e400", "18446744073709551616",
                                   "0.123456789012345678901234567890", "123456789012345678.123456789012345678"}) {
        Json const number = read(text);
        CHECK(number.is_number());
        CHECK(number.text() == text);
        CHECK(read("[" + text + "]").items()[0].text() == text);
        CHECK(read("{\"a\":" + text + ",\"b\":1}").find("a")->text() == text);
    }
    std::string const long_one = "0." + std::string(10'000, '7');
    CHECK(read(long_one).text() == long_one);
}

TEST_CASE("JSON values of every kind are read and written back") {
    std::string const text = R"({"a":[1,2.50,"x\"\\\n\u00e9",true,false,null,{}],"b":{"c":[]}})";
    Json const value = read(" " + text + "\n");
    CHECK(value.to_string() == "{\"a\":[1,2.50,\"x\\\"\\\\\\n\xc3\xa9\",true,false,null,{}],\"b\":{\"c\":[]}}");
    CHECK(value.keys().size() == 2);
    CHECK(value.items()[0].items().size() == 7);
    CHECK(value.items()[0].items()[3].boolean());
    CHECK(read(value.to_string()).to_string() == value.to_string());
}

TEST_CASE("a JSON pointer finds what RFC 6901 says") {
    Json const value = read(R"({"foo":["bar","baz"],"":0,"a/b":1,"m~n":8," ":7,"o":{"0":"zero"}})");
    CHECK(value.at("") == &value);
    CHECK(value.at("/foo/0")->text() == "bar");
    CHECK(value.at("/")->text() == "0");
    CHECK(value.at("/a~1b")->text() == "1");
    CHECK(value.at("/m~0n")->text() == "8");
    CHECK(value.at("/ ")->text() == "7");
    CHECK(value.at("/o/0")->text() == "zero");
    for (std::string const pointer :
         {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/x", "/foo/0/1", "/m~n", "/m~2n", "/a~", "/foo/18446744073709551616"}) {
        INFO(pointer);
        CHECK(value.at(pointer) == nullptr);
    }
}

TEST_CASE("of repeated keys the last one counts, or the text is refused") {
    std::string const text = R"({"a":1,"b":2,"a":3,"c":4,"b":5})";
    CHECK(read(text).to_string() == R"({"a":3,"c":4,"b":5})");
    CHECK(read(text).find("a")->text() == "3");
    JsonLimits strict;
    strict.duplicates = DuplicateKeys::refuse;
    CHECK(contains(refusal(text, strict), "\"a\" occurs twice"));
    CHECK(read(R"({"a":{"a":1}})", strict).at("/a/a")->text() == "1");
}

TEST_CASE("JSON beyond a limit is refused") {
    JsonLimits limits;
    limits.max_bytes = 10;
    CHECK(contains(refusal("[1,2,3,4,5]", limits), "more than 10 bytes"));
    limits = {};
    limits.max_depth = 3;
    CHECK(read("[[[1]]]", limits).items().size() == 1);
    CHECK(contains(refusal("[[[[1]]]]", limits), "byte"));
    limits = {};
    limits.max_values = 3;
    CHECK(read("[1,2]", limits).items().size() == 2);
    CHECK(contains(refusal("[1,2,3]", limits), "more values"));
    refusal(std::string(60'000, '['));
}

TEST_CASE("what is not JSON is refused with its place") {
    for (std::string const text :
         {"",   " ",   "{",   "[1,]", "{\"a\":1,}", "nul",      "NaN",         "Infinity", "01",    "1.",  ".5",
          "+1", "'a'", "\"a", "1 2",  "{} x",       "\"\xff\"", "\"\\ud800\"", "// c\n1",  "{a:1}", "\x01"}) {
        CHECK(contains(refusal(text), "not valid JSON at byte "));
    }
    JsonLimits with_comments;
    with_comments.comments = true;
    CHECK(read("// c\n[1, /* two */ 2] // end", with_comments).items().size() == 2);
}

TEST_CASE("an integer is only what was written as one") {
    CHECK(read("60").integer() == 60);
    CHECK(read("-1").integer() == -1);
    CHECK_FALSE(read("60.0").integer());
    CHECK_FALSE(read("6e1").integer());
    CHECK_FALSE(read("\"60\"").integer());
    CHECK_FALSE(read("9223372036854775808").integer());
}

TEST_CASE("a JSON string escapes quotes, backslashes and control characters alone") {
    std::string out = "x";
    append_json_string(out, std::string_view("a\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9", 14));
    CHECK(out == "x\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\"");
}
