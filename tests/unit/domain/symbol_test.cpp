#include "support/catch.hpp"

#include <mds/domain/symbol.hpp>

#include <string>

using namespace mds;

TEST_CASE("a symbol is folded to upper case unless its case is preserved") {
    CHECK(Symbol::parse("aapl")->str() == "AAPL");
    CHECK(Symbol::parse("aapl", SymbolCase::preserve)->str() == "aapl");
    CHECK(Symbol::parse("btc-usd") == Symbol::parse("BTC-USD"));
}

TEST_CASE("a symbol is 1 to 32 bytes of its alphabet") {
    for (std::string const text : {"A", "BRK.B", "BTC-USD", "EURUSD=X", "^GSPC", "BINANCE:BTCUSDT", "BTC/USD", "A_1"})
        CHECK(Symbol::parse(text));
    CHECK(Symbol::parse(std::string(32, 'A')));
    for (std::string const text : {"", " ", "A B", "A,B", "A?", "A%20", "A\n", "\xc3\x84", "A*", "A\"", "A\\"}) {
        INFO(text);
        CHECK_FALSE(Symbol::parse(text));
    }
    CHECK_FALSE(Symbol::parse(std::string(33, 'A')));
    CHECK_FALSE(Symbol::parse(std::string_view("A\0", 2)));
}

TEST_CASE("a provider's name is 1 to 64 of lower case letters, digits, '_' and '-'") {
    CHECK(is_provider_name("alpha_vantage"));
    CHECK(is_provider_name("x-1"));
    CHECK(is_provider_name(std::string(64, 'a')));
    for (std::string const text : {"", "A", "a b", "a.b", "a/b", "\xc3\xa4"}) CHECK_FALSE(is_provider_name(text));
    CHECK_FALSE(is_provider_name(std::string(65, 'a')));
}
