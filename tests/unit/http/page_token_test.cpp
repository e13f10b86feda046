#include "modules/http/page_token.hpp"

#include "support/catch.hpp"

using namespace mds::http;

TEST_CASE("a page token gives its position back, on every replica with the same key") {
    auto const token = PageTokens("key").make("history AAPL", "42");
    CHECK(PageTokens("key").read("history AAPL", token) == std::optional<std::string>("42"));
    CHECK_FALSE(PageTokens("other").read("history AAPL", token));
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
}

TEST_CASE("a page token of other filters, or with any character changed, is none") {
    PageTokens const tokens("key");
    auto const token = tokens.make("history AAPL", "42");
    CHECK_FALSE(tokens.read("history MSFT", token));
    CHECK_FALSE(tokens.read("history AAPL\n4", token));
    for (std::size_t i = 0; i < token.size(); ++i) {
        for (char const c : std::string_view("AZaz09-_+=/ ")) {
            auto altered = token;
            if (altered[i] == c) continue;
            altered[i] = c;
            CHECK_FALSE(tokens.read("history AAPL", altered));
        }
        CHECK_FALSE(tokens.read("history AAPL", token.substr(0, i)));
    }
    CHECK_FALSE(tokens.read("history AAPL", token + "A"));
}

TEST_CASE("SHA-256 is that of FIPS 180") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
