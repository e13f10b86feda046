#include "support/catch.hpp"

#include "codec/price_json.hpp"

using namespace mds;
using std::chrono::microseconds;

TEST_CASE("the latest body has exactly the four keys of the contract, its price an exact number") {
    PricePoint point(Uuid{}, Series(*Symbol::parse("AAPL"), "alpha_vantage"), 1, *Price::parse("150.25").price,
                     *parse_rfc3339("2024-03-20T10:30:00Z"), UtcTime(microseconds(5)), Uuid{});
    std::string body = "> ";
    codec::append_latest_body(body, point);
    CHECK(body == R"(> {"symbol":"AAPL","price":150.25,"timestamp":"2024-03-20T10:30:00Z","provider":"alpha_vantage"})");

    point.price = *Price::parse("1.2e-05").price;
    point.timestamp += microseconds(120'000);
    body.clear();
    codec::append_latest_body(body, point);
    CHECK(body == R"({"symbol":"AAPL","price":0.000012,"timestamp":"2024-03-20T10:30:00.12Z","provider":"alpha_vantage"})");
}
