#include <support/catch.hpp>
#include <support/provider_samples.hpp>

#include <codec/nearest_name.hpp>
#include <codec/provider_catalogue.hpp>
#include <codec/provider_request.hpp>

#include <algorithm>

using namespace mds;
using namespace mds::codec;

namespace {

CatalogueResult read(std::vector<std::string> const& bodies, EnvironmentLookup const& environment = nullptr) {
    std::vector<CatalogueText> texts;
    for (auto const& body : bodies) texts.push_back({"text " + std::to_string(texts.size() + 1), body});
    return read_catalogue(texts, environment);
}

bool tells(CatalogueResult const& result, std::string const& path, std::string const& words) {
    auto const problems = result.has_error() ? result.error() : std::vector<CatalogueProblem>();
    return std::any_of(problems.begin(), problems.end(), [&](CatalogueProblem const& problem) {
        return problem.path == path && problem.message.find(words) != std::string::npos;
    });
}

std::string const minimal = R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/{symbol}"}, "values": {"price": "/p"}}}})";

}  // namespace

TEST_CASE("a minimal entry is enough") {
    auto const catalogue = read({minimal});
    REQUIRE(catalogue.has_value());
    CHECK(catalogue->providers.size() == 1);
}

TEST_CASE("all faults of a catalogue are told at once, each with its place and the nearest name") {
    auto const result = read({R"({
        "provider": {},
        "providers": {
            "Bad Name": {"base_url": "http://h", "request": {"path": "/q"}, "values": {"price": "/p"}},
            "x": {
                "base_url": "ftp://h", "secrets": {"key": "abc"}, "reqest": {},
                "request": {"path": "q?x={symbl}", "headers": {"Bad Name": "v"}},
                "symbol": {"leters": "upper", "letters": "uper"},
                "errors": [{"when": {"path": "/e", "contains": "x", "equals": 1}, "outcome": "ath"}, {"outcome": "auth"},
                           {"when": {"body_matches": "("}, "outcome": "auth"}, {"when": {"status": 99}, "outcome": "auth", "retry_after": 9999}],
                "values": {"prise": "/p", "time": {"path": "t", "as": "unix", "zone": "Mars"}},
                "batch": {"max": 0},
                "zero_means_unknown": 1
            }
        }})"});
    REQUIRE(result.has_error());
    CHECK(tells(result, "catalogue.provider", "did you mean 'providers'?"));
    CHECK(tells(result, "providers.Bad Name", "a name is"));
    CHECK(tells(result, "providers.x.base_url", "must be http"));
    CHECK(tells(result, "providers.x.secrets.key", "environment variable"));
    CHECK(tells(result, "providers.x.reqest", "did you mean 'request'?"));
    CHECK(tells(result, "providers.x.request.path", "must begin with"));
    CHECK(tells(result, "providers.x.request.path", "parameters belong into query"));
    CHECK(tells(result, "providers.x.request.path", "{symbl}"));
    CHECK(tells(result, "providers.x.request.headers.Bad Name", "header"));
    CHECK(tells(result, "providers.x.symbol.leters", "'letters'"));
    CHECK(tells(result, "providers.x.symbol.letters", "'upper'"));
    CHECK(tells(result, "providers.x.errors[0].when.path", "exactly one"));
    CHECK(tells(result, "providers.x.errors[0].outcome", "'auth'"));
    CHECK(tells(result, "providers.x.errors[1].when", "must say"));
    CHECK(tells(result, "providers.x.errors[2].when.body_matches", "regular expression"));
    CHECK(tells(result, "providers.x.errors[3].when.status", "404"));
    CHECK(tells(result, "providers.x.errors[3].retry_after", "3600"));
    CHECK(tells(result, "providers.x.values.price", "is missing"));
    CHECK(tells(result, "providers.x.values.prise", "'price'"));
    CHECK(tells(result, "providers.x.values.time.path", "no path"));
    CHECK(tells(result, "providers.x.values.time.as", "unix_s"));
    CHECK(tells(result, "providers.x.values.time.zone", "time zone"));
    CHECK(tells(result, "providers.x.batch.max", "1 to 1000"));
    CHECK(tells(result, "providers.x.batch.row.path", "tell the symbols apart"));
    CHECK(tells(result, "providers.x.zero_means_unknown", "true or false"));
}

TEST_CASE("a text that is no JSON is told with its origin") {
    CHECK(tells(read({minimal, "{\"providers\": "}), "text 2", ""));
    CHECK(tells(read({"[]"}), "text 1", "object"));
    CHECK(tells(read({R"({"providers": {"x": 1}})"}), "providers.x", "object"));
    CHECK(tells(read({R"({"providers": []})"}), "providers", "object"));
}

TEST_CASE("a further text changes what it names, adds, and removes with null") {
    auto const catalogue = read({minimal, R"({"providers": {"x": {"base_url": "http://127.0.0.1:9"}, "y": null, "z": null}})",
                                 R"({"providers": {"z": {"base_url": "http://z", "request": {"path": "/"}, "values": {"price": "/p"}}}})"});
    REQUIRE(catalogue.has_value());
    REQUIRE(catalogue->providers.size() == 2);
    CHECK(catalogue->providers[0].base_url == "http://127.0.0.1:9");
    CHECK(catalogue->providers[0].request.path == "/{symbol}");
    CHECK(read({minimal, R"({"providers": {"x": null}})"})->providers.empty());
}

TEST_CASE("no name or alias is given twice") {
    auto const other = [](std::string const& name, std::string const& alias) {
        return R"({"providers": {")" + name + R"(": {"aliases": [")" + alias +
               R"("], "base_url": "http://h", "request": {"path": "/"}, "values": {"price": "/p"}}}})";
    };
    CHECK(tells(read({minimal, other("y", "x")}), "providers.y.aliases", "taken by x"));
    CHECK(tells(read({other("simulated", "s")}), "providers.simulated", "built-in"));
    CHECK(tells(read({other("y", "Y!")}), "providers.y.aliases", "no name"));
}

TEST_CASE("secrets come from the environment, and a missing or empty one is named") {
    std::string const keyed = R"({"providers": {"x": {"base_url": "http://h", "secrets": {"a": "${A}", "b": "${B}"},
        "request": {"path": "/{symbol}", "headers": {"K": "{secret.a}:{secret.b}"}}, "values": {"price": "/p"}}}})";
    auto const with = [&](std::string const& b) {
        return read({keyed}, [b](std::string const& name) { return std::optional<std::string>(name == "A" ? "1" : b); });
    };
    CHECK(with("")->providers[0].missing_secret() == "B");
    CHECK(with("2")->providers[0].missing_secret().empty());
    CHECK(tells(with("2\r\nEvil: 1"), "providers.x.secrets.b", "line break"));
    std::vector<Symbol> const symbols{*Symbol::parse("A")};
    CHECK(make_request(with("2")->providers[0], symbols)->headers[0].second == "1:2");
}

TEST_CASE("the nearest name is the one with the fewest slips, and none where all are far") {
    std::vector<std::string> const names{"price", "volume", "time"};
    CHECK(nearest_name("pirce", names) == "price");
    CHECK(nearest_name("volumes", names) == "volume");
    CHECK(nearest_name("zzzz", names).empty());
    CHECK(nearest_name(std::string(100'000, 'x'), names).empty());
}

TEST_CASE("symbols are spelt as the provider wants them") {
    auto const spell = [](std::string const& spelling, std::string const& symbol) -> std::string {
        auto const catalogue = read({R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/{symbol}"}, "symbol": )" + spelling +
                                     R"(, "values": {"price": "/p"}}}})"});
        if (catalogue.has_error()) return catalogue.error().front().path + ": " + catalogue.error().front().message;
        auto const spelled = catalogue->providers[0].spelling.spell(*Symbol::parse(symbol, SymbolCase::preserve));
        return spelled ? spelled->symbol + " " + spelled->base + " " + spelled->quote : "none";
    };
    CHECK(spell(R"({"replace": {".": "-"}})", "BRK.B") == "BRK-B  ");
    CHECK(spell(R"({"split": "-/", "format": "{base}{quote}"})", "BTC/USDT") == "BTCUSDT BTC USDT");
    CHECK(spell(R"({"split": "-", "format": "{base}{quote}"})", "AAPL") == "none");
    CHECK(spell(R"({"split_at": 3, "letters": "lower", "format": "{base}-{quote}"})", "EURUSD") == "eur-usd eur usd");
    CHECK(spell(R"({"split": "-"}, "batch": {"max": 2, "request": {"path": "/{quotes}"}, "row": {"path": "/{quote}"}})", "AAPL") == "none");
    CHECK(spell(R"({"prefix": "X:", "suffix": "=X"})", "A") == "X:A=X  ");
    CHECK(spell(R"({"split": "-", "letters": "lower", "table": {"BTC-USD": "bitcoin"}})", "BTC-USD") == "bitcoin btc usd");
}

TEST_CASE("base and quote have the provider's names, and a table may be keyed by what the rules make") {
    auto const spell = [](std::string const& spelling, std::string const& symbol) {
        auto const catalogue = read({R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/{symbol}"}, "symbol": )" + spelling +
                                     R"(, "values": {"price": "/p"}}}})"});
        auto const spelled = catalogue->providers[0].spelling.spell(*Symbol::parse(symbol));
        return spelled->symbol + " " + spelled->base + " " + spelled->quote;
    };
    std::string const pairs = R"({"split": "-/", "parts": {"BTC": "XBT"}, "replace": {"-": "", "/": ""}, "table": {"XBTUSD": "XXBTZUSD"}})";
    CHECK(spell(pairs, "BTC-USD") == "XXBTZUSD XBT USD");
    CHECK(spell(pairs, "BTC/EUR") == "XBTEUR XBT EUR");
    CHECK(spell(pairs, "WBTC-EUR") == "WBTCEUR WBTC EUR");
    CHECK(spell(pairs, "XBTUSD") == "XXBTZUSD  ");
    std::string const ids = R"({"split": "-", "letters": "lower", "quote": "USD", "format": "{base}", "parts": {"BTC": "bitcoin"}})";
    CHECK(spell(ids, "BTC-EUR") == "bitcoin bitcoin eur");
    CHECK(spell(ids, "BTC") == "bitcoin bitcoin usd");
    CHECK(spell(ids, "SOLANA") == "solana solana usd");
}

TEST_CASE("a shipped quota stays with its host, one of the user's holds anywhere") {
    std::string const shipped = R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/{symbol}"}, "values": {"price": "/p"},
        "quota": [{"limit": 8, "per": "minute", "cost": "symbol"}, {"limit": 5, "per": 10}]}}})";
    auto const quota = read({shipped})->providers[0].quota;
    REQUIRE(quota.size() == 2);
    CHECK(quota[0] == QuotaWindow{8, std::chrono::seconds(60), true});
    CHECK(quota[1] == QuotaWindow{5, std::chrono::seconds(10), false});
    std::string const moved = R"({"providers": {"x": {"base_url": "http://elsewhere"}}})";
    CHECK(read({shipped, moved})->providers[0].quota.empty());
    CHECK(read({shipped, R"({"providers": {"x": {"quota": [{"limit": 1, "per": "day"}]}}})", moved})->providers[0].quota.size() == 1);
    CHECK(read({shipped, R"({"providers": {"x": {"back_off": 5}}})"})->providers[0].quota.size() == 2);
    CHECK(read({"{}", shipped, moved})->providers[0].quota.size() == 2);
}

TEST_CASE("what is left of a budget is read from the head, and only a spent one says to wait") {
    auto const now = UtcTime(std::chrono::seconds(1'700'000'000));
    using Fields = std::vector<std::pair<std::string, std::string>>;
    BudgetFields left{"left", 0, false, "reset", false, std::chrono::seconds(7)};
    auto const pause = [&](BudgetFields const& budget, Fields const& fields) {
        auto const seconds = read_budget_pause(budget, fields, now);
        return seconds ? static_cast<int>(seconds->count()) : -1;
    };
    CHECK(pause(left, {{"left", "1"}, {"reset", "1700000030"}}) == -1);
    CHECK(pause(left, {{"left", "0"}, {"reset", "1700000030"}}) == 30);
    CHECK(pause(left, {{"left", "0"}}) == 7);
    CHECK(pause(left, {{"left", "0"}, {"reset", "soon"}}) == 7);
    CHECK(pause(left, {{"left", "0"}, {"reset", "99999999999"}}) == 3600);
    CHECK(pause(left, {{"left", "0"}, {"reset", "1600000000"}}) == 0);
    CHECK(pause(left, {{"left", "none"}}) == -1);
    CHECK(pause(left, {}) == -1);
    BudgetFields const used{"used", 100, true, "", true, std::chrono::seconds(60)};
    CHECK(pause(used, {{"used", "99"}}) == -1);
    CHECK(pause(used, {{"used", "100"}}) == 60);
}

TEST_CASE("a batch is joined as the provider wants it") {
    auto const url = [](std::string const& batch) {
        auto const catalogue = read({R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/one", "query": {"s": "{symbol}"}},
            "batch": )" + batch + R"(, "values": {"price": "/p"}}}})"});
        REQUIRE(catalogue.has_value());
        std::vector<Symbol> const two{*Symbol::parse("A"), *Symbol::parse("B.C")};
        auto const one = make_request(catalogue->providers[0], std::span(two).first(1));
        CHECK(one->url == "http://h/one?s=A");
        return make_request(catalogue->providers[0], two)->url;
    };
    std::string const row = R"("row": {"path": "/{symbol}"})";
    CHECK(url(R"({"max": 5, "request": {"path": "/many", "query": {"s": "{symbols}"}}, )" + row + "}") == "http://h/many?s=A%2CB.C");
    CHECK(url(R"({"max": 5, "join": "+", "request": {"path": "/{symbols}"}, )" + row + "}") == "http://h/A%2BB.C");
    CHECK(url(R"({"max": 5, "join": "json_array", "request": {"path": "/many", "query": {"s": "{symbols}"}}, )" + row + "}") ==
          "http://h/many?s=%5B%22A%22%2C%22B.C%22%5D");
}
