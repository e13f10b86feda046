#include <support/catch.hpp>

#include <codec/provider_catalogue.hpp>
#include <codec/provider_judge.hpp>
#include <codec/provider_time.hpp>

using namespace mds;
using namespace mds::codec;

namespace {

UtcTime const received = *parse_rfc3339("2026-01-02T03:04:05.678901Z");

std::string at(std::string const& path, std::string const& json, SpelledSymbol const& symbol = {"BTC/USD", "BTC", "USD"},
               bool ignore_case = false) {
    auto const parsed = Path::parse(path);
    if (!parsed) return "no path";
    auto const document = Json::parse(json);
    auto const* found = parsed->find(*document, symbol, ignore_case);
    return found == nullptr ? "nothing" : found->to_string();
}

std::string time(std::string const& text, TimeEncoding encoding, std::string const& zone = "UTC") {
    auto const read = read_time(text, encoding, *TimeZone::parse(zone));
    if (read.state == QuoteTime::State::absent) return "absent";
    if (read.state == QuoteTime::State::unreadable) return "unreadable";
    return format_rfc3339(read.at) + (read.source == TimeSource::date ? " date" : "");
}

/// What an entry with these further fields makes of an answer about "A": the outcome, or the price.
std::string judged(std::string const& fields, int status, std::string const& body, std::vector<std::string> const& names = {"A"}) {
    std::vector<CatalogueText> const texts{
        {"test", R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/{symbol}"}, )" + fields + "}}}"}};
    auto const catalogue = read_catalogue(texts, nullptr);
    if (catalogue.has_error()) return catalogue.error().front().path + ": " + catalogue.error().front().message;
    std::vector<Symbol> symbols;
    for (auto const& name : names) symbols.push_back(*Symbol::parse(name));
    std::string out;
    for (auto const& verdict : judge(catalogue->providers[0], symbols, {status, "", body, false}, received).verdicts) {
        if (!out.empty()) out += ' ';
        if (auto const* quote = std::get_if<JudgedQuote>(&verdict)) out += quote->price.to_string() + (quote->currency.empty() ? "" : quote->currency);
        else out += to_string(std::get<Reject>(verdict).outcome);
    }
    return out;
}

}  // namespace

TEST_CASE("paths find keys, indices, placeholders, the only member and the matching row") {
    CHECK(at("", "[1]") == "[1]");
    CHECK(at("/a b/05. price", R"({"a b": {"05. price": "1"}})") == "\"1\"");
    CHECK(at("/a~1b/~0", R"({"a/b": {"~": 1}})") == "1");
    CHECK(at("/{symbol}/p", R"({"BTC/USD": {"p": 1}})") == "1");
    CHECK(at("/q/{base}{quote}", R"({"q": {"BTCUSD": 1}})") == "1");
    CHECK(at("/{quote}_vol", R"({"USD_vol": 1})") == "1");
    CHECK(at("/{base}", R"({"": 1})", {"AAPL", "", ""}) == "nothing");
    CHECK(at("/a/1", R"({"a": [1, 2]})") == "2");
    CHECK(at("/a/-1", R"({"a": [1, 2]})") == "2");
    CHECK(at("/a/-3", R"({"a": [1, 2]})") == "nothing");
    CHECK(at("/a/-0", R"({"a": [1, 2]})") == "nothing");
    CHECK(at("/a/x", R"({"a": [1, 2]})") == "nothing");
    CHECK(at("/r/*/c", R"({"r": {"X": {"c": 1}}})") == "1");
    CHECK(at("/r/*/c", R"({"r": {"X": {"c": 1}, "Y": {"c": 2}}})") == "nothing");
    CHECK(at("/r/*", R"({"r": []})") == "nothing");
    CHECK(at("/t[s={symbol}]/p", R"({"t": [{"s": "X", "p": 1}, {"s": "BTC/USD", "p": 2}, 3, {}]})") == "2");
    CHECK(at("/t[s={symbol}]/p", R"({"t": [{"s": "BTC/USD", "p": 1}, {"s": "BTC/USD", "p": 2}]})") == "nothing");
    CHECK(at("/[s.0={base}]/s/1", R"([{"s": ["ETH", 1]}, {"s": ["BTC", 2]}])") == "2");
    CHECK(at("/[s={symbol}]", R"([{"s": "btc/usd"}])") == "nothing");
    CHECK(at("/[s={symbol}]", R"([{"s": "btc/usd"}])", {"BTC/USD", "", ""}, true) == R"({"s":"btc/usd"})");
    CHECK(at("/[s={base},last]/p", R"([{"s": "BTC", "p": 1}, {"s": "BTC", "p": 2}, {"s": "ETH", "p": 3}])") == "2");
    CHECK(at("/[s={quote},last]", R"([{"s": "BTC"}])") == "nothing");
    for (auto const* wrong : {"a", "/{x}", "/{symbol", "/a]", "/~", "/~2", "/[=x]", "/[x]"}) CHECK(at(wrong, "{}") == "no path");
}

TEST_CASE("times are read in every encoding and floored to microseconds") {
    using enum TimeEncoding;
    CHECK(time("1739998801", unix_s) == "2025-02-19T21:00:01Z");
    CHECK(time("1739998801.1234567", unix_s) == "2025-02-19T21:00:01.123456Z");
    CHECK(time("1739998801123", unix_ms) == "2025-02-19T21:00:01.123Z");
    CHECK(time("1739998801123.9999", unix_ms) == "2025-02-19T21:00:01.123999Z");
    CHECK(time("1739998801123456", unix_us) == "2025-02-19T21:00:01.123456Z");
    CHECK(time("1651251948294080343", unix_ns) == "2022-04-29T17:05:48.29408Z");
    CHECK(time("1651251948294080999", unix_ns) == "2022-04-29T17:05:48.29408Z");
    CHECK(time("0", unix_s) == "absent");
    CHECK(time("0.0", unix_s) == "absent");
    for (auto const* wrong : {"", "-1", "1e9", "x", ".5", "1.", "999999999999999", "99999999999999999999"}) {
        CHECK(time(wrong, unix_s) == "unreadable");
    }
    CHECK(time("2024-03-13T11:10:41.270099999-04:00", rfc3339) == "2024-03-13T15:10:41.270099Z");
    CHECK(time("yesterday", rfc3339) == "unreadable");
    CHECK(time("2018-10-05", date) == "2018-10-05T00:00:00Z date");
    CHECK(time("2018-10-05", date, "America/New_York") == "2018-10-05T04:00:00Z date");
    CHECK(time("2018-02-30", date) == "unreadable");
    CHECK(time("05/10/2018", date) == "unreadable");
    CHECK(time("2024-10-30 19:59:57.644", datetime, "America/New_York") == "2024-10-30T23:59:57.644Z");
    CHECK(time("2024-12-30T19:59:57", datetime, "US/Eastern") == "2024-12-31T00:59:57Z");
    CHECK(time("2024-06-01 12:00:00", datetime, "+05:30") == "2024-06-01T06:30:00Z");
    CHECK(time("2024-06-01 12:00:00Z", datetime) == "unreadable");
}

TEST_CASE("summer time begins and ends at the hour it does") {
    using enum TimeEncoding;
    CHECK(time("2024-03-10 01:59:59", datetime, "America/New_York") == "2024-03-10T06:59:59Z");
    CHECK(time("2024-03-10 03:00:00", datetime, "America/New_York") == "2024-03-10T07:00:00Z");
    CHECK(time("2024-11-03 00:59:59", datetime, "America/New_York") == "2024-11-03T04:59:59Z");
    CHECK(time("2024-11-03 02:00:00", datetime, "America/New_York") == "2024-11-03T07:00:00Z");
    CHECK(time("2024-03-31 01:59:59", datetime, "Europe/Berlin") == "2024-03-31T00:59:59Z");
    CHECK(time("2024-03-31 03:00:00", datetime, "Europe/Berlin") == "2024-03-31T01:00:00Z");
    CHECK(time("2024-10-27 03:00:00", datetime, "Europe/Berlin") == "2024-10-27T02:00:00Z");
    CHECK(time("2024-07-01 12:00:00", datetime, "Europe/London") == "2024-07-01T11:00:00Z");
}

TEST_CASE("an answer is judged in the fixed order") {
    std::string const entry = R"("errors": [{"when": {"path": "/e", "equals": "who"}, "outcome": "unknown_symbol"}],
        "success": {"path": "/rows", "type": "object"}, "row": {"path": "/rows/{symbol}", "absent": "no_data"},
        "row_errors": [{"when": {"path": "/e", "is": "present"}, "outcome": "entitlement"}], "values": {"price": "/p"})";
    CHECK(judged(entry, 429, R"({"e": "who", "rows": {"A": {"p": 1}}})") == "unknown_symbol");  // rule before status
    CHECK(judged(entry, 429, R"({"rows": {"A": {"p": 1}}})") == "rate_limited");                // status before envelope
    CHECK(judged(entry, 200, R"({"oops": {"A": {"p": 1}}})") == "unclassified_error");          // envelope before row
    CHECK(judged(entry, 200, R"({"rows": []})") == "unclassified_error");
    CHECK(judged(entry, 200, R"({"rows": {"A": {"e": 1, "p": 1}}})") == "entitlement");         // row rule before values
    CHECK(judged(entry, 200, R"({"rows": {}})") == "no_data");
    CHECK(judged(entry, 200, R"({"rows": {"A": {"p": 1.50}}})") == "1.5");
    CHECK(judged(entry, 404, "Not Found") == "unclassified_error");                              // a bare 404 proves nothing
    CHECK(judged(entry, 200, "Not Found") == "malformed");
    CHECK(judged(entry, 204, "") == "malformed");
}

TEST_CASE("a price is exact or it is no price") {
    std::string const entry = R"("values": {"price": "/p"})";
    CHECK(judged(entry, 200, R"({"p": 0.1000000000000000055})") == "0.100000000000000006");
    CHECK(judged(entry, 200, R"({"p": "1.2e-05"})") == "0.000012");
    CHECK(judged(entry, 200, R"({"p": 123456789012345678.123456789012345678})") == "123456789012345678.123456789012345678");
    for (auto const* wrong : {"0", "-1", "null", "\"\"", "\"N/A\"", "\"NaN\"", "1e400", "[]", "{}", "true", "\"1,5\"", "1e-19"}) {
        CHECK(judged(entry, 200, std::string(R"({"p": )") + wrong + "}") == "no_data");
    }
    CHECK(judged(entry, 200, "{}") == "no_data");
    CHECK(judged(R"("zero_means_unknown": true, "values": {"price": "/p"})", 200, R"({"p": 0.00})") == "unknown_symbol");
    CHECK(judged(R"("zero_means_unknown": true, "values": {"price": "/p"})", 200, R"({"p": -1})") == "no_data");
}

TEST_CASE("price and time are taken from one event or not at all") {
    std::string const entry = R"("values": [{"price": "/last", "time": {"path": "/last_at", "as": "unix_s"}},
                                            {"price": "/mid", "time": {"path": "/at", "as": "unix_s"}}])";
    CHECK(judged(entry, 200, R"({"last": 1, "last_at": 9, "mid": 2, "at": 8})") == "1");
    CHECK(judged(entry, 200, R"({"last": 1, "mid": 2, "at": 8})") == "2");
    CHECK(judged(entry, 200, R"({"last": null, "last_at": null, "mid": 2, "at": 8})") == "2");
    CHECK(judged(entry, 200, R"({"last": 1, "at": 8})") == "no_data");
    CHECK(judged(entry, 200, R"({"last": 1, "last_at": "x"})") == "malformed");
}

TEST_CASE("a price quoted in hundredths is scaled without losing a digit") {
    std::string const entry = R"("values": {"price": "/p"}, "currency": "/c",
        "scale": [{"when": {"path": "/c", "equals": ["GBp", "GBX"]}, "power_of_ten": -2, "currency": "GBP"}])";
    CHECK(judged(entry, 200, R"({"p": "10442.0100", "c": "GBp"})") == "104.4201GBP");
    CHECK(judged(entry, 200, R"({"p": 1.5E+3, "c": "GBX"})") == "15GBP");
    CHECK(judged(entry, 200, R"({"p": 1.5, "c": "USD"})") == "1.5USD");
    CHECK(judged(entry, 200, R"({"p": "1e99999999999", "c": "GBX"})") == "no_data");
}

TEST_CASE("an answer about something else is no answer") {
    std::string const entry = R"("echo": {"/s": "{symbol}"}, "values": {"price": "/p"})";
    CHECK(judged(entry, 200, R"({"s": "A", "p": 1})") == "1");
    CHECK(judged(entry, 200, R"({"p": 1})") == "1");
    CHECK(judged(entry, 200, R"({"s": "B", "p": 1})") == "malformed");
}

TEST_CASE("one bad symbol is blamed where it is named, and the others may be asked again") {
    std::string const entry = R"("errors": [{"when": {"status": "4xx", "path": "/m", "contains": "invalid symbol"}, "outcome": "bad_symbol_in_batch",
        "reason": "/m", "offender": {"path": "/m", "after": "invalid symbol: "}}], "values": {"price": "/p"},
        "batch": {"max": 5, "row": {"path": "/{symbol}", "absent": "unknown_symbol"}})";
    CHECK(judged(entry, 400, R"({"m": "invalid symbol: B"})", {"A", "B", "C"}) == "bad_symbol_in_batch unknown_symbol bad_symbol_in_batch");
    CHECK(judged(entry, 400, R"({"m": "Invalid symbol."})", {"A", "B"}) == "bad_symbol_in_batch bad_symbol_in_batch");
    CHECK(judged(entry, 400, R"({"m": "Invalid symbol."})") == "unknown_symbol");
    CHECK(judged(entry, 200, R"({"A": {"p": 1}, "C": {"p": 3}})", {"A", "B", "C"}) == "1 unknown_symbol 3");
    CHECK(judged(entry, 200, R"({"p": 7})") == "7");
    CHECK(judged(R"("values": {"price": "/p"})", 200, R"({"p": 7})", {"A", "B"}) == "batch_too_large batch_too_large");
}

TEST_CASE("rules ask for status, text, patterns, JSON or not, and combinations") {
    auto const rule = [](std::string const& when) {
        return R"("errors": [{"when": )" + when + R"(, "outcome": "banned"}], "values": {"price": "/p"})";
    };
    CHECK(judged(rule(R"({"status": [418, "5xx"]})"), 503, "{}") == "banned");
    CHECK(judged(rule(R"({"json": false})"), 200, "<html>") == "banned");
    CHECK(judged(rule(R"({"json": false})"), 200, R"({"p": 1})") == "1");
    CHECK(judged(rule(R"({"body_contains": ["proof of work", "captcha"]})"), 200, "<p>CAPTCHA</p>") == "banned");
    CHECK(judged(rule(R"({"body_matches": "^too +many"})"), 200, "Too  Many Requests") == "banned");
    CHECK(judged(rule(R"({"path": "/error", "is": "nonempty"})"), 200, R"({"error": [], "p": 1})") == "1");
    CHECK(judged(rule(R"({"path": "/error", "is": "nonempty"})"), 200, R"({"error": ["x"], "p": 1})") == "banned");
    CHECK(judged(rule(R"({"path": "/error", "is": "empty"})"), 200, R"({"error": {}, "p": 1})") == "banned");
    CHECK(judged(rule(R"({"path": "/ok", "is": "absent"})"), 200, R"({"ok": null, "p": 1})") == "banned");
    CHECK(judged(rule(R"({"path": "/code", "equals": [1, "2", true]})"), 200, R"({"code": true, "p": 1})") == "banned");
    CHECK(judged(rule(R"({"path": "/m", "matches": "\\b9\\d\\b"})"), 200, R"({"m": "error 97", "p": 1})") == "banned");
    CHECK(judged(rule(R"({"all": [{"status": 200}, {"path": "/x", "equals": 1}]})"), 200, R"({"x": 1, "p": 1})") == "banned");
    CHECK(judged(rule(R"({"any": [{"status": 500}, {"path": "/x", "equals": 1}]})"), 200, R"({"x": 2, "p": 1})") == "1");
    CHECK(judged(rule(R"({"body_matches": "(a+)+$"})"), 200, std::string(100'000, 'b')) == "malformed");
}

TEST_CASE("reasons are one line and bounded") {
    std::string const entry = R"("errors": [{"when": {"path": "/m", "is": "present"}, "outcome": "auth", "reason": "/m"}], "values": {"price": "/p"})";
    std::vector<CatalogueText> const texts{
        {"test", R"({"providers": {"x": {"base_url": "http://h", "request": {"path": "/"}, )" + entry + "}}}"}};
    auto const catalogue = read_catalogue(texts, nullptr);
    std::vector<Symbol> const symbols{*Symbol::parse("A")};
    std::string body = R"({"m": "a\nb)";
    for (int i = 0; i < 1000; ++i) body += "é";
    auto const judgement = judge(catalogue->providers[0], symbols, {200, "", body + "\"}", false}, received);
    auto const& reason = std::get<Reject>(judgement.verdicts[0]).reason;
    CHECK(reason.starts_with("a bé"));
    CHECK(reason.size() <= 300);
    CHECK(reason.ends_with("é"));
}

TEST_CASE("shapes of other end points are known by their envelopes, and several symbols never share one value") {
    std::string const entry = R"("success": {"path": "/last"}, "values": {"price": "/last"},
        "also": [{"success": {"path": "/rows", "type": "array"}, "row": {"path": "/rows[s={symbol}]", "absent": "unknown_symbol"},
                  "values": {"price": "/p"}},
                 {"success": {"path": "/{symbol}/p"}, "row": {"path": "/{symbol}", "absent": "unknown_symbol"}, "values": {"price": "/p"}}])";
    CHECK(judged(entry, 200, R"({"last": 1})") == "1");
    CHECK(judged(entry, 200, R"({"rows": [{"s": "A", "p": 2}]})") == "2");
    CHECK(judged(entry, 200, R"({"A": {"p": 3}})") == "3");
    CHECK(judged(entry, 200, R"({"error": 1})") == "unclassified_error");
    CHECK(judged(entry, 200, R"({"last": 1})", {"A", "B"}) == "unclassified_error unclassified_error");
    CHECK(judged(entry, 200, R"({"rows": [{"s": "A", "p": 2}]})", {"A", "B"}) == "2 unknown_symbol");
    CHECK(judged(entry, 200, R"({"B": {"p": 3}})", {"A", "B"}) == "unknown_symbol 3");
}

TEST_CASE("a table is read by its column names, and only where it has those that were asked for") {
    std::string const entry = R"("csv": ["s", "p"], "row": {"path": "/[s={symbol},last]", "absent": "unknown_symbol"}, "values": {"price": "/p"},
        "errors": [{"when": {"path": "/error", "is": "present"}, "outcome": "auth"}])";
    CHECK(judged(entry, 200, "x,p,s\n1,2,A\n") == "2");
    CHECK(judged(entry, 200, "s,p\r\nA,1\r\nA,2\r\n\r\n") == "2");
    CHECK(judged(entry, 200, "\xEF\xBB\xBFs,\"p\"\n\"A\",\"3.5\"") == "3.5");
    CHECK(judged(entry, 200, "s,p,n\nA,1,\"x \"\"y\"\", z\"\n") == "1");
    CHECK(judged(entry, 200, "s,p\nB,1\n") == "unknown_symbol");
    CHECK(judged(entry, 200, R"({"error": "key"})") == "auth");
    for (auto const* wrong : {"", "s\nA\n", "s,p,p\nA,1,2\n", "s,p\nA\n", "s,p\nA,1,2\n", "s,p\n\"A,1\n", "s,p\n\"A\"x,1\n", "<html>", R"([{"s": "A", "p": 1}])"}) {
        CAPTURE(wrong);
        CHECK(judged(entry, 200, wrong) == "malformed");
    }
}
