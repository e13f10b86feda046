#include "support/catch.hpp"
#include "unit/http/api_fixture.hpp"

#include <set>

using namespace mds::http::test;
using namespace std::chrono_literals;

namespace {

std::string token_of(std::string const& body) {
    auto const at = body.find("\"next_page_token\":\"");
    if (at == std::string::npos) return {};
    auto const begin = at + 19;
    return body.substr(begin, body.find('"', begin) - begin);
}

}  // namespace

TEST_CASE("history lists points newest first, exactly so") {
    Api api;
    auto const first = api.add_point("AAPL", 1, "1.5", 20s);
    auto const second = api.add_point("AAPL", 2, "0.000012", 10s);
    auto const answer = api.client().get("/prices/history?symbol=aapl");
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"symbol":"AAPL","provider":"alpha_vantage","points":[)"
                         R"({"price":0.000012,"timestamp":"2024-03-20T10:28:50Z","fetched_at":"2024-03-20T10:29:50Z","seq":2,"point_id":")" +
                             second.id.to_string() + R"("},{"price":1.5,"timestamp":"2024-03-20T10:28:40Z","fetched_at":"2024-03-20T10:29:40Z","seq":1,"point_id":")" +
                             first.id.to_string() + R"("}],"next_page_token":null})");
}

TEST_CASE("pages neither skip nor loop while points are being added, in both orders") {
    Api api;
    auto client = api.client();
    for (int seq = 1; seq <= 25; ++seq) api.add_point("AAPL", seq, std::to_string(seq), std::chrono::seconds(1000 - seq));
    for (std::string const sort : {"asc", "desc"}) {
        std::multiset<int> seen;
        std::string token;
        int added = 100;
        do {
            auto const answer = client.get("/prices/history?symbol=AAPL&limit=4&sort=" + sort + (token.empty() ? "" : "&page_token=" + token));
            REQUIRE(answer.status == 200);
            for (std::size_t at = 0; (at = answer.body.find("\"seq\":", at)) != std::string::npos; at += 6) seen.insert(std::stoi(answer.body.substr(at + 6)));
            token = token_of(answer.body);
            if (seen.size() < 20) api.add_point("AAPL", sort == "asc" ? ++added : ++added + 100, "1", 1s);
        } while (!token.empty());
        for (int seq = 1; seq <= 25; ++seq) CHECK(seen.count(seq) == 1);
    }
}

TEST_CASE("a page token of other filters or an altered one is 422") {
    Api api;
    for (int seq = 1; seq <= 3; ++seq) api.add_point("AAPL", seq, "1", 5s);
    auto client = api.client();
    auto const token = token_of(client.get("/prices/history?symbol=AAPL&limit=1").body);
    REQUIRE_FALSE(token.empty());
    CHECK(client.get("/prices/history?symbol=AAPL&limit=2&page_token=" + token).status == 200);
    CHECK(client.get("/prices/history?symbol=MSFT&page_token=" + token).status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&sort=asc&page_token=" + token).status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&start=0&page_token=" + token).status == 422);
    CHECK(client.get("/prices/moving-average?symbol=AAPL&page_token=" + token).status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&page_token=A" + token).status == 422);
}

TEST_CASE("ranges take RFC 3339 and epoch seconds, start inclusive and end exclusive") {
    Api api;
    for (int seq = 1; seq <= 3; ++seq) api.add_point("AAPL", seq, std::to_string(seq), std::chrono::seconds(40 - 10 * seq));
    auto client = api.client();
    auto const seqs = [&](std::string const& range) {
        auto const body = client.get("/prices/history?symbol=AAPL&sort=asc" + range).body;
        std::string found;
        for (std::size_t at = 0; (at = body.find("\"seq\":", at)) != std::string::npos; at += 6) found += body[at + 6];
        return found;
    };
    CHECK(seqs("&start=2024-03-20T10:29:40Z") == "23");
    CHECK(seqs("&start=2024-03-20T12:29:40%2B02:00") == "23");
    CHECK(seqs("&end=1710930580") == "1");
    CHECK(seqs("&start=1710930570&end=1710930590") == "12");
    auto const empty = client.get("/prices/history?symbol=AAPL&start=2030-01-01T00:00:00Z");
    CHECK(empty.status == 200);
    CHECK(empty.body == R"({"symbol":"AAPL","provider":"alpha_vantage","points":[],"next_page_token":null})");
    CHECK(client.get("/prices/history?symbol=AAPL&start=2&end=1").status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&start=1&end=1").status == 200);
}

TEST_CASE("what history cannot answer has its own status") {
    Api api;
    api.add_point("AAPL", 1, "1", 1s);
    auto client = api.client();
    CHECK(client.get("/prices/history?symbol=NONE").status == 404);
    CHECK(client.get("/prices/history?symbol=AAPL&limit=10001").status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&limit=0").status == 422);
    CHECK(client.get("/prices/history?symbol=AAPL&provider=nobody").status == 400);
    CHECK(client.get("/prices/history?symbol=AAPL&sort=up").status == 422);
    CHECK(client.get("/prices/history").status == 422);
    api.store.fail_reads(true);
    auto const away = client.get("/prices/history?symbol=AAPL");
    CHECK(away.status == 503);
    CHECK(away.field("retry-after") == "1");
}
