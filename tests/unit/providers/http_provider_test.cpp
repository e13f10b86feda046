#include <support/catch.hpp>
#include <support/provider_fixture.hpp>
#include <support/stub_server.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

using namespace mds;
using namespace std::chrono_literals;
using test::at_url;
using test::ProviderFixture;
using test::reply;
using test::StubReply;
using test::StubRequest;
using test::StubServer;

namespace {

std::string const ticker = R"({"price":"150.25","volume":"12.5","time":"2026-01-02T03:04:05Z"})";

/// One request to coinbase, whose stub always answers so.
FetchAnswer ask(StubReply scripted, std::chrono::milliseconds within = 10s, providers::HttpOptions options = {}) {
    StubServer server([scripted](StubRequest const&) { return scripted; });
    ProviderFixture fixture({at_url("coinbase", server.url())}, std::move(options));
    return fixture.fetch("coinbase", {"BTC-USD"}, within);
}

Reject const& only_reject(FetchAnswer const& answer) {
    REQUIRE(answer.results.size() == 1);
    REQUIRE(answer.results[0].reject() != nullptr);
    return *answer.results[0].reject();
}

/// A loopback port whose listener has no room: whoever connects waits.
class FullListener {
public:
    FullListener() {
        REQUIRE(::bind(listener_, address(), size_) == 0);
        REQUIRE(::listen(listener_, 0) == 0);
        REQUIRE(::getsockname(listener_, address(), &size_) == 0);
        for (int const socket : waiting_) static_cast<void>(::connect(socket, address(), size_));
    }
    ~FullListener() {
        for (int const socket : waiting_) ::close(socket);
        ::close(listener_);
    }
    FullListener(FullListener const&) = delete;
    FullListener& operator=(FullListener const&) = delete;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(ntohs(at_.sin_port)); }

private:
    static int socket(int flags) { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0); }
    sockaddr* address() { return reinterpret_cast<sockaddr*>(&at_); }

    sockaddr_in at_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size_ = sizeof(at_);
    int listener_ = socket(0);
    std::array<int, 3> waiting_{socket(SOCK_NONBLOCK), socket(SOCK_NONBLOCK), socket(SOCK_NONBLOCK)};
};

StubReply raw_reply(std::string const& bytes, StubReply::End end = StubReply::End::keep_open) {
    return {{{bytes}}, end};
}

}  // namespace

TEST_CASE("a good answer becomes a quote with its raw bytes") {
    auto const answer = ask(reply(200, ticker, {"Content-Type: application/json"}));
    REQUIRE(answer.results.size() == 1);
    auto const* quote = answer.results[0].quote();
    REQUIRE(quote != nullptr);
    CHECK(quote->price.to_string() == "150.25");
    CHECK(format_rfc3339(quote->timestamp) == "2026-01-02T03:04:05Z");
    CHECK(quote->currency == "USD");
    CHECK(quote->volume == "12.5");
    REQUIRE(answer.answer);
    CHECK(answer.answer->http_status == 200);
    CHECK(answer.answer->content_type == "application/json");
    CHECK(answer.answer->body == ticker);
    CHECK_FALSE(answer.answer->truncated);
    CHECK(format_rfc3339(answer.fetched_at) == "2026-01-02T03:04:05.678901Z");
}

TEST_CASE("the request is what the catalogue describes") {
    StubServer server([](StubRequest const&) { return reply(200, "{}"); });
    ProviderFixture fixture(
        {at_url("coinbase", server.url()), at_url("finnhub", server.url() + "/api/v1"), at_url("alpha_vantage", server.url())});
    fixture.fetch("coinbase", {"BTC/USD"});
    fixture.fetch("finnhub", {"OANDA:EUR_USD"});
    fixture.fetch("alpha_vantage", {"^GSPC"});
    auto const requests = server.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].target == "/products/BTC-USD/ticker");
    CHECK(requests[0].head.find("User-Agent: mds/") != std::string::npos);
    CHECK(requests[1].target == "/api/v1/quote?symbol=OANDA%3AEUR_USD");
    CHECK(requests[1].head.find("X-Finnhub-Token: secret of FINNHUB_API_KEY\r\n") != std::string::npos);
    CHECK(requests[2].target == "/query?function=GLOBAL_QUOTE&symbol=%5EGSPC&apikey=secret%20of%20ALPHA_VANTAGE_API_KEY");
}

TEST_CASE("connections are used again") {
    StubServer server([](StubRequest const&) { return reply(200, ticker); });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    for (int i = 0; i < 3; ++i) fixture.fetch("coinbase", {"BTC-USD"});
    for (auto const& request : server.requests()) CHECK(request.connection == 1);
}

TEST_CASE("a connection that the other end closed between two requests is replaced") {
    auto good = reply(200, ticker);
    good.end = StubReply::End::close;
    StubServer server([good](StubRequest const&) { return good; });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    for (int i = 0; i < 5; ++i) CHECK(fixture.fetch("coinbase", {"BTC-USD"}).results.at(0).quote() != nullptr);
    auto const requests = server.requests();
    REQUIRE(requests.size() == 5);
    for (std::size_t i = 0; i < requests.size(); ++i) CHECK(requests[i].connection == i + 1);
}

TEST_CASE("a request has nothing of the one before it, and one that failed spoils none after it") {
    StubServer server([](StubRequest const& request) {
        return request.target == "/quote?symbol=BAD" ? raw_reply("", StubReply::End::reset) : reply(200, ticker);
    });
    ProviderFixture fixture({at_url("finnhub", server.url()), at_url("coinbase", server.url())});
    fixture.fetch("finnhub", {"AAPL"});
    CHECK(fixture.fetch("coinbase", {"BTC-USD"}).results.at(0).quote() != nullptr);
    CHECK(only_reject(fixture.fetch("finnhub", {"BAD"})).outcome == Outcome::unavailable);
    CHECK(fixture.fetch("coinbase", {"ETH-USD"}).results.at(0).quote() != nullptr);
    auto const requests = server.requests();
    REQUIRE(requests.size() >= 4);
    for (auto const& request : requests) {
        bool const with_key = request.head.find("X-Finnhub-Token:") != std::string::npos;
        CHECK(with_key == request.target.starts_with("/quote"));
    }
}

TEST_CASE("of a key that occurs twice the last one counts, and a time in the future is kept and counted") {
    StubServer server([](StubRequest const&) {
        return reply(200, R"({"price":"99","price":"150.25","volume":"1","time":"2100-01-01T00:00:00Z"})");
    });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    auto const answer = fixture.fetch("coinbase", {"BTC-USD"});
    auto const* quote = answer.results.at(0).quote();
    REQUIRE(quote != nullptr);
    CHECK(quote->price.to_string() == "150.25");
    CHECK(format_rfc3339(quote->timestamp) == "2100-01-01T00:00:00Z");
    CHECK(fixture.metrics.counter("mds_provider_future_times_total", "", {{"provider", "coinbase"}}).Value() == 1);
}

TEST_CASE("a status says what no rule knows better, and its answer is kept") {
    std::vector<std::pair<int, Outcome>> const cases{
        {500, Outcome::unavailable},        {503, Outcome::unavailable}, {401, Outcome::auth},        {429, Outcome::rate_limited},
        {404, Outcome::unclassified_error}, {451, Outcome::blocked},     {400, Outcome::bad_request}, {200, Outcome::malformed}};
    for (auto const& [status, outcome] : cases) {
        CAPTURE(status);
        auto const answer = ask(reply(status, "<html>no</html>", {"Content-Type: text/html"}));
        CHECK(only_reject(answer).outcome == outcome);
        REQUIRE(answer.answer);
        CHECK(answer.answer->http_status == status);
        CHECK(answer.answer->body == "<html>no</html>");
    }
}

TEST_CASE("Retry-After is read in every form there is, clamped, and ignored where it is nonsense") {
    std::vector<std::pair<std::string, std::optional<std::chrono::seconds>>> const cases{
        {"30", 30s},
        {" 30 ", 30s},
        {"0", 0s},
        {"3599.2", 3600s},
        {"3600", 3600s},
        {"3601", 3600s},
        {"999999999999", 3600s},
        {"99999999999999999999999999999999999999999999999999", 3600s},
        {"1.5", 2s},
        {"0.001", 1s},
        {"7.0", 7s},
        {"-5", 0s},
        {"-1.5", 0s},
        {"soon", std::nullopt},
        {"1e3", std::nullopt},
        {"-", std::nullopt},
        {".", std::nullopt},
        {"1.", std::nullopt},
        {"1.5.2", std::nullopt},
        {"+5", std::nullopt},
        {"5 s", std::nullopt},
        {"Fri, 02 Jan 2026 03:05:05 GMT", 60s},
        {"Fri, 02 Jan 2026 02:00:00 GMT", 0s},
        {"Fri, 02 Jan 2099 02:00:00 GMT", 3600s},
        {"Friday, 02-Jan-26 03:05:05 GMT", 60s},
        {"Friday, 02-Jan-26 02:00:00 GMT", 0s},
        {"Tuesday, 02-Jan-75 02:00:00 GMT", 3600s},  // 2075: not more than 50 years ahead
        {"Sunday, 06-Nov-94 08:49:37 GMT", 0s},      // 1994
        {"Fri Jan  2 03:05:05 2026", 60s},
        {"Sun Nov 06 08:49:37 1994", 0s},
        {"Fri Jan 22 03:05:05 2026", 3600s},
        {"Fri, 31 Feb 2026 03:05:05 GMT", std::nullopt},
        {"Fri, 02 Jan 2026 24:05:05 GMT", std::nullopt},
        {"Fri, 02 Jan 2026 03:05:05 CET", std::nullopt},
        {"Friday, 02-Jan-2026 03:05:05 GMT", std::nullopt},
        {"Fri Jan  2 03:05:05 2026 GMT", std::nullopt},
        {"Fri,", std::nullopt}};
    for (auto const& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(ask(reply(429, "{}", {"Retry-After: " + text})).retry_after == expected);
    }
    CHECK(ask(reply(429, "{}")).retry_after == std::nullopt);
}

TEST_CASE("a refused connection is unavailable without an answer") {
    ProviderFixture fixture({at_url("coinbase", "http://127.0.0.1:" + std::to_string(test::closed_port()))});
    auto const answer = fixture.fetch("coinbase", {"BTC-USD"});
    CHECK(only_reject(answer).outcome == Outcome::unavailable);
    CHECK_FALSE(answer.answer);
}

TEST_CASE("a connection that is reset or closed early is unavailable without an answer") {
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    for (auto const& scripted :
         {raw_reply("", StubReply::End::reset), raw_reply("", StubReply::End::close), raw_reply(head, StubReply::End::reset),
          raw_reply(head + ticker, StubReply::End::close),
          raw_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"pri", StubReply::End::close)}) {
        auto const answer = ask(scripted);
        CHECK(only_reject(answer).outcome == Outcome::unavailable);
        CHECK_FALSE(answer.answer);
    }
}

TEST_CASE("a body cut short inside its announced length is malformed") {
    auto const answer = ask(reply(200, ticker.substr(0, 30)));
    CHECK(only_reject(answer).outcome == Outcome::malformed);
    CHECK(answer.answer);
}

TEST_CASE("an answer that is not HTTP is malformed or unavailable, never a price") {
    for (auto const* bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 banana\r\n\r\n", "{\"price\":\"1\"}\r\n\r\n"}) {
        auto const answer = ask(raw_reply(bytes, StubReply::End::close));
        CHECK_FALSE(answer.answer);
        only_reject(answer);
    }
}

TEST_CASE("the deadline holds against silence, slow heads and dripping bodies") {
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    StubReply const silence{{}, StubReply::End::hang};
    StubReply const drip{{{head}, {"x", 5ms, 1}, {"x", 5ms, 1}, {"x", 5ms, 1}}, StubReply::End::hang};
    StubReply const slow_head{{{"HTTP/1.1 200 OK\r\n"}, {"X: y\r\n", 10ms, 1}}, StubReply::End::hang};
    for (auto const& scripted : {silence, drip, slow_head}) {
        auto const begin = std::chrono::steady_clock::now();
        auto const answer = ask(scripted, 60ms);
        auto const took = std::chrono::steady_clock::now() - begin;
        CHECK(only_reject(answer).outcome == Outcome::timeout);
        CHECK_FALSE(answer.answer);
        CHECK(took >= 60ms);
        CHECK(took < 5s);
    }
}

TEST_CASE("one silent provider delays no other") {
    StubServer silent([](StubRequest const&) { return StubReply{{}, StubReply::End::hang}; });
    StubServer quick([](StubRequest const&) { return reply(200, R"({"data":{"amount":"2","base":"BTC","currency":"USD"}})"); });
    ProviderFixture fixture({at_url("coinbase", silent.url()), at_url("coinbase_spot", quick.url())});
    std::optional<FetchAnswer> hanging;
    net::co_spawn(fixture.loop, fixture.fetch_into("coinbase", {"BTC-USD"}, 10s, hanging), net::detached);
    auto const answer = fixture.fetch("coinbase_spot", {"BTC-USD"});
    CHECK(answer.results[0].quote() != nullptr);
    CHECK_FALSE(hanging);
    fixture.directory.interrupt();
    fixture.run_until([&] { return hanging.has_value(); });
    CHECK(only_reject(*hanging).outcome == Outcome::unavailable);
    CHECK(only_reject(*hanging).reason == "interrupted");
    CHECK(only_reject(fixture.fetch("coinbase_spot", {"BTC-USD"})).reason == "interrupted");
}

// libcurl closes the socket of such a connection without telling whoever waits for it, and the next one gets its number.
TEST_CASE("a request that is given up before it is connected spoils no later one, and leaves the loop nothing to wait for") {
    FullListener full;
    StubServer good([](StubRequest const&) {
        auto answer = reply(200, R"({"data":{"amount":"2","base":"BTC","currency":"USD"}})");
        answer.parts[0].wait = 20ms;  // it has to be waited for
        return answer;
    });
    ProviderFixture fixture({at_url("coinbase", full.url()), at_url("coinbase_spot", good.url())});
    CHECK(only_reject(fixture.fetch("coinbase", {"BTC-USD"}, 50ms)).outcome == Outcome::timeout);
    CHECK(fixture.fetch("coinbase_spot", {"BTC-USD"}, 4s).results[0].quote() != nullptr);
    CHECK(only_reject(fixture.fetch("coinbase", {"BTC-USD"}, 50ms)).outcome == Outcome::timeout);
    fixture.directory.interrupt();
    fixture.loop.restart();
    fixture.loop.run_for(1s);
    CHECK(fixture.loop.stopped());
}

TEST_CASE("fetches that are under way when everything is destroyed leave nothing behind") {
    StubServer silent([](StubRequest const&) { return StubReply{{}, StubReply::End::hang}; });
    std::optional<FetchAnswer> never;
    {
        ProviderFixture fixture({at_url("coinbase", silent.url())});
        net::co_spawn(fixture.loop, fixture.fetch_into("coinbase", {"BTC-USD"}, 10s, never), net::detached);
        fixture.run_until([&] { return !silent.requests().empty(); });
    }
    CHECK_FALSE(never);
}

TEST_CASE("a body over the limit is cut, kept and malformed, and the rest is never read") {
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n";
    StubServer server([&](StubRequest const&) {
        return StubReply{{{head}, {std::string(65536, 'x'), 0ms, 4096}}, StubReply::End::close};
    });
    ProviderFixture fixture({at_url("coinbase", server.url())});
    auto const answer = fixture.fetch("coinbase", {"BTC-USD"});
    CHECK(only_reject(answer).outcome == Outcome::malformed);
    REQUIRE(answer.answer);
    CHECK(answer.answer->truncated);
    CHECK(answer.answer->body == std::string(1024 * 1024, 'x'));
    CHECK(server.sent() < 64u * 1024 * 1024);
}

TEST_CASE("a gzip bomb is cut at the limit after decompression") {
    // 64 MiB of zeros in 64 KiB: made by tests/support, not stored.
    auto const bomb = test::gzipped(std::string(64u * 1024 * 1024, '0'));
    CHECK(bomb.size() < 128u * 1024);
    auto const answer = ask(reply(200, bomb, {"Content-Encoding: gzip"}));
    CHECK(only_reject(answer).outcome == Outcome::malformed);
    REQUIRE(answer.answer);
    CHECK(answer.answer->truncated);
    CHECK(answer.answer->body.size() == 1024u * 1024);
}

TEST_CASE("a compressed answer is read") {
    auto const answer = ask(reply(200, test::gzipped(ticker), {"Content-Encoding: gzip"}));
    CHECK(answer.results[0].quote() != nullptr);
    CHECK(answer.answer->body == ticker);
}

TEST_CASE("header fields without end are refused") {
    StubReply const scripted{{{"HTTP/1.1 200 OK\r\n"}, {"X-Filler: " + std::string(1000, 'y') + "\r\n", 0ms, 10'000}},
                             StubReply::End::hang};
    auto const answer = ask(scripted);
    CHECK(only_reject(answer).outcome == Outcome::malformed);
    CHECK_FALSE(answer.answer);
}

TEST_CASE("redirects are followed to the same place only, and not for ever") {
    SECTION("one hop") {
        StubServer server([](StubRequest const& request) {
            return request.target == "/new" ? reply(200, ticker) : reply(301, "", {"Location: /new"});
        });
        ProviderFixture fixture({at_url("coinbase", server.url())});
        CHECK(fixture.fetch("coinbase", {"BTC-USD"}).results[0].quote() != nullptr);
    }
    SECTION("a loop") {
        StubServer server([](StubRequest const&) { return reply(302, "", {"Location: /again"}); });
        ProviderFixture fixture({at_url("coinbase", server.url())});
        CHECK(only_reject(fixture.fetch("coinbase", {"BTC-USD"})).outcome == Outcome::unclassified_error);
        CHECK(server.requests().size() == 4);
    }
    SECTION("another host: the key stays here") {
        StubServer other([](StubRequest const&) { return reply(200, R"({"c":1,"t":1})"); });
        StubServer server([&](StubRequest const&) { return reply(302, "", {"Location: " + other.url() + "/quote"}); });
        ProviderFixture fixture({at_url("finnhub", server.url())});
        CHECK(only_reject(fixture.fetch("finnhub", {"AAPL"})).outcome == Outcome::unclassified_error);
        CHECK(other.requests().empty());
    }
}

TEST_CASE("secrets appear nowhere in a result") {
    std::string const key = "s3cr/t+k&y";
    auto const never = [&](FetchAnswer const& answer) {
        std::string all = answer.answer ? answer.answer->body + answer.answer->content_type : "";
        for (auto const& result : answer.results) all += result.reject() != nullptr ? result.reject()->reason : "";
        for (auto const* form : {"s3cr/t+k&y", "s3cr%2Ft%2Bk%26y", "s3cr%2ft%2bk%26y", "s3cr\\/t+k&y"}) {
            CAPTURE(all, form);
            CHECK(all.find(form) == std::string::npos);
        }
        CHECK(all.find("***") != std::string::npos);
    };
    auto const echo = [&](StubRequest const& request) {
        return reply(
            200,
            R"({"Information":"We have detected your API key as s3cr/t+k&y, s3cr\/t+k&y, s3cr%2ft%2bk%26y and our standard API rate )"
            R"(limit is 25 requests per day: )" +
                request.target + "\"}",
            {"Content-Type: text/s3cr/t+k&y"});
    };
    auto const ask_with_key = [&](StubServer& server, providers::HttpOptions options) {
        std::vector<codec::CatalogueText> const texts{providers::shipped_catalogue(),
                                                      {"test", at_url("alpha_vantage", server.url())}};
        auto catalogue = codec::read_catalogue(texts, [&](std::string const&) { return std::optional(key); });
        ProviderFixture fixture;
        providers::Directory directory(
            std::move(*catalogue), {}, std::move(options),
            {fixture.loop.get_executor(), fixture.clock, fixture.timer, fixture.random, fixture.metrics});
        std::optional<FetchAnswer> answer;
        auto const keep = [](PriceProvider& provider, SteadyTime deadline, std::optional<FetchAnswer>& out) -> Awaitable<void> {
            std::vector<Symbol> symbols(1, *Symbol::parse("IBM"));
            out = co_await provider.fetch(std::move(symbols), deadline, FetchCause::schedule);
        };
        net::co_spawn(fixture.loop, keep(*directory.find("alphavantage"), fixture.clock.steady_now() + 10s, answer), net::detached);
        fixture.run_until([&] { return answer.has_value(); });
        return *answer;
    };
    StubServer server(echo);
    auto const answer = ask_with_key(server, {});
    CHECK(server.requests().at(0).target.find("apikey=s3cr%2Ft%2Bk%26y") != std::string::npos);
    CHECK(only_reject(answer).outcome == Outcome::quota_exhausted);
    never(answer);

    providers::HttpOptions cut_within_the_key;
    cut_within_the_key.body_limit = 49;
    auto const cut = ask_with_key(server, cut_within_the_key);
    CHECK(cut.answer->truncated);
    CHECK(cut.answer->body.find("s3") == std::string::npos);
}

TEST_CASE("in a batch only the symbols that the provider can spell are asked for, and each has its result") {
    StubServer server([](StubRequest const&) { return reply(200, R"({"ETHUSD": {"p": "2"}, "BTCUSD": {"p": "1"}})"); });
    ProviderFixture fixture(
        {R"({"providers": {"pairs": {"base_url": ")" + server.url() + R"(", "symbol": {"split": "-", "format": "{base}{quote}"},
        "request": {"path": "/q", "query": {"s": "{symbols}"}}, "row": {"path": "/{symbol}"}, "values": {"price": "/p"}, "batch": {"max": 9}}}})"});
    auto const answer = fixture.fetch("pairs", {"AAPL", "BTC-USD", "MSFT", "ETH-USD", "IBM"});
    REQUIRE(answer.results.size() == 5);
    for (std::size_t i : {0u, 2u, 4u}) CHECK(answer.results[i].reject()->outcome == Outcome::unknown_symbol);
    CHECK(answer.results[1].quote()->price.to_string() == "1");
    CHECK(answer.results[3].quote()->price.to_string() == "2");
    CHECK(server.requests().at(0).target == "/q?s=BTCUSD%2CETHUSD");
    auto const none = fixture.fetch("pairs", {"AAPL", "MSFT"});
    CHECK(none.results.size() == 2);
    CHECK_FALSE(none.answer);
    CHECK(server.requests().size() == 1);
}

TEST_CASE("a provider without its key is known and says which variable it needs") {
    std::vector<codec::CatalogueText> const texts{providers::shipped_catalogue()};
    auto catalogue = codec::read_catalogue(texts, [](std::string const&) { return std::optional<std::string>(); });
    REQUIRE(catalogue.has_value());
    ProviderFixture fixture;
    providers::Directory directory(std::move(*catalogue), {}, {},
                                   {fixture.loop.get_executor(), fixture.clock, fixture.timer, fixture.random, fixture.metrics});
    REQUIRE(directory.find("finnhub") != nullptr);
    CHECK(directory.find("finnhub")->traits().missing_secret == "FINNHUB_API_KEY");
    CHECK(directory.find("finnhub")->traits().zero_means_unknown);
    CHECK(directory.find("coinbase")->traits().missing_secret.empty());
    std::optional<FetchAnswer> answer;
    std::vector<Symbol> symbols(1, *Symbol::parse("AAPL"));
    auto const keep = [](PriceProvider& provider, std::vector<Symbol> wanted, std::optional<FetchAnswer>& out) -> Awaitable<void> {
        auto const never = SteadyTime::max();
        out = co_await provider.fetch(std::move(wanted), never, FetchCause::schedule);
    };
    net::co_spawn(fixture.loop, keep(*directory.find("finnhub"), symbols, answer), net::detached);
    fixture.run_until([&] { return answer.has_value(); });
    CHECK(only_reject(*answer).outcome == Outcome::auth);
    CHECK(only_reject(*answer).reason.find("FINNHUB_API_KEY") != std::string::npos);
}

TEST_CASE("the directory finds names and aliases and lists names only") {
    ProviderFixture fixture;
    CHECK(fixture.directory.names() == std::vector<std::string>{"alpaca", "alpha_vantage", "binance", "coinbase", "coinbase_spot",
                                                                "coingecko", "ecb", "finnhub", "frankfurter", "kraken", "polygon",
                                                                "simulated", "tiingo", "twelve_data", "yahoo"});
    CHECK(fixture.directory.find("alphavantage") == fixture.directory.find("alpha_vantage"));
    CHECK(fixture.directory.find("alpha") == nullptr);
}
