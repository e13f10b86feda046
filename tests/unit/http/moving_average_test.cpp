#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

using namespace mds;
using namespace mds::http::test;
using namespace std::chrono_literals;

namespace {

void add_averages(http::test::Api& api, int count) {
    for (int i = 1; i <= count; ++i) {
        auto const at = api.clock.now() - std::chrono::seconds(100 - i);
        api.stored_averages.averages.emplace_back(*Average::parse("10.0" + std::to_string(i)), at - 1min, at, i + 4);
    }
}

}  // namespace

TEST_CASE("the moving average is answered with exactly its keys") {
    http::test::Api api;
    add_averages(api, 1);
    auto const answer = api.client().get("/prices/moving-average?symbol=AAPL");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"symbol":"AAPL","provider":"alpha_vantage","period":5,"ma_value":10.01,"timestamp":"2024-03-20T10:27:21Z",)"
                         R"("calculated_at":"2024-03-20T10:28:21Z"})");
}

TEST_CASE("with a range or a limit the values follow, newest first and in pages; the head stays the newest of all") {
    http::test::Api api;
    add_averages(api, 3);
    auto client = api.client();
    auto const first = client.get("/prices/moving-average?symbol=AAPL&limit=2").body;
    CHECK(first.find(R"("ma_value":10.03,)") < first.find("values"));
    CHECK(first.find(R"("values":[{"ma_value":10.03,)") != std::string::npos);
    CHECK(first.find(R"("seq":6}],"next_page_token":")") != std::string::npos);
    auto const begin = first.find("next_page_token\":\"") + 18;
    auto const token = first.substr(begin, first.find('"', begin) - begin);
    auto const second = client.get("/prices/moving-average?symbol=AAPL&limit=2&page_token=" + token).body;
    CHECK(second.find(R"("values":[{"ma_value":10.01,)") != std::string::npos);
    CHECK(second.find(R"("seq":5}],"next_page_token":null})") != std::string::npos);
    CHECK(client.get("/prices/moving-average?symbol=AAPL&period=3&page_token=" + token).status == 422);
}

TEST_CASE("other periods are folded from the points") {
    http::test::Api api;
    for (int seq = 1; seq <= 3; ++seq) api.add_point("AAPL", seq, std::to_string(seq), 5s);
    auto const answer = api.client().get("/prices/moving-average?symbol=AAPL&period=2");
    CHECK(answer.status == 200);
    CHECK(answer.body.find(R"("period":2,"ma_value":2.5,)") != std::string::npos);
}

TEST_CASE("too few points are 404 with their number, bad periods 422") {
    http::test::Api api;
    for (int seq = 1; seq <= 3; ++seq) api.add_point("AAPL", seq, "1", 5s);
    auto client = api.client();
    auto const few = client.get("/prices/moving-average?symbol=AAPL");
    CHECK(few.status == 404);
    CHECK(few.body.find("3") != std::string::npos);
    CHECK(client.get("/prices/moving-average?symbol=NONE").status == 404);
    for (auto const* const period : {"1", "501", "x", "5.0"}) CHECK(client.get(std::string("/prices/moving-average?symbol=AAPL&period=") + period).status == 422);
    CHECK(client.get("/prices/moving-average?symbol=AAPL&provider=nobody").status == 400);
}
