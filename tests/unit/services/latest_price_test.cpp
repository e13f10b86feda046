#include "services/latest_price.hpp"

#include "unit/services/latest_price_fixture.hpp"

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

TEST_CASE("latest price in memory answers without store or provider") {
    LatestPriceFixture f;
    f.remember("150.25", 10s);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::memory);
    CHECK(answer->point.price.to_string() == "150.25");
    CHECK(answer->age == 10s);
    CHECK_FALSE(answer->stale);
    CHECK(f.store.latest_reads() == 0);
    CHECK(f.provider.calls() == 0);
}

TEST_CASE("latest price falls back to the store when memory is empty, and remembers what it found") {
    LatestPriceFixture f;
    f.store.add(f.point("150.25", 10s));
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::store);
    CHECK(f.get()->source == PriceSource::memory);
    CHECK(f.store.latest_reads() == 1);
    CHECK(f.provider.calls() == 0);
}

TEST_CASE("latest price that nobody has is fetched, stored, cached, and only then answered") {
    LatestPriceFixture f;
    f.provider.says("0.1");
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->source == PriceSource::provider);
    CHECK(answer->point.price.to_string() == "0.1");
    CHECK(answer->point.seq == 1);
    CHECK_FALSE(answer->stale);
    auto const stored = f.store.points(f.series());
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].id == answer->point.id);
    CHECK(f.store.observations()[0].cause == FetchCause::read);
    CHECK(f.get()->source == PriceSource::memory);
    CHECK(f.provider.calls() == 1);
}

TEST_CASE("a closed market does not send every read to the provider: freshness is the time of the fetch") {
    LatestPriceFixture f;
    f.provider.quotes_from(f.clock.now() - 72h);
    f.provider.says("150.25");
    CHECK(f.get()->source == PriceSource::provider);
    for (int i = 0; i < 10; ++i) {
        f.clock.advance(1s);
        auto const answer = f.get();
        REQUIRE(answer.has_value());
        CHECK(answer->source == PriceSource::memory);
        CHECK_FALSE(answer->stale);
    }
    CHECK(f.provider.calls() == 1);
}

TEST_CASE("sixteen simultaneous misses make one provider call") {
    LatestPriceFixture f;
    f.provider.says("150.25");
    f.provider.hold();
    std::vector<Loop::Later<LatestPriceFixture::Optional>> reads;
    for (int i = 0; i < 16; ++i) reads.push_back(f.spawn(f.request()));
    f.loop.run_until([&] { return f.provider.calls() > 0; });
    f.loop.settle();
    f.provider.release();
    for (auto& read : reads) {
        auto const answer = *f.loop.await(read);
        REQUIRE(answer.has_value());
        CHECK(answer->point.seq == 1);
    }
    CHECK(f.provider.calls() == 1);
    CHECK(f.counted("mds_latest_price_joined_total 15"));
}

TEST_CASE("max_age 0 always fetches, though simultaneous reads share a call") {
    LatestPriceFixture f;
    f.remember("1", 0s);
    f.provider.says("2");
    auto request = f.request();
    request.max_age = 0s;
    for (int i = 1; i <= 3; ++i) {
        f.clock.advance(1ms);
        auto const answer = f.get(request);
        REQUIRE(answer.has_value());
        CHECK(answer->source == PriceSource::provider);
        CHECK_FALSE(answer->stale);
        CHECK(f.provider.calls() == i);
    }
    f.clock.advance(1ms);
    auto const one = f.spawn(request);
    auto const two = f.spawn(request);
    CHECK(f.loop.await(one)->has_value());
    CHECK(f.loop.await(two)->has_value());
    CHECK(f.provider.calls() == 4);
}

TEST_CASE("a price older than max_age is fetched anew; its age is judged per request") {
    LatestPriceFixture f;
    f.remember("1", 61s);
    f.provider.says("2");
    auto patient = f.request();
    patient.max_age = 61s;
    CHECK(f.get(patient)->source == PriceSource::memory);
    CHECK(f.get()->source == PriceSource::provider);
}

TEST_CASE("a fetch time in the future proves no freshness once it is further off than max_age") {
    LatestPriceFixture f;
    f.remember("1", 0s);
    f.clock.jump(-1h);
    f.provider.says("2");
    CHECK(f.get()->source == PriceSource::provider);
}

TEST_CASE("on_stale=serve answers the old price at once, marked, and fetches behind") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    f.provider.says("2");
    f.provider.hold();
    auto request = f.request();
    request.on_stale = OnStale::serve;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    CHECK(answer->age == 90s);
    CHECK(answer->source == PriceSource::memory);
    f.loop.run_until([&] { return f.provider.calls() == 1; });
    f.provider.release();
    f.loop.run_until([&] { return !f.store.points(f.series()).empty() && f.cached_seq() == 2; });
    CHECK_FALSE(f.get(request)->stale);
}

TEST_CASE("on_stale=error answers 503 without a fetch") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    auto request = f.request();
    request.on_stale = OnStale::error;
    auto const answer = f.get(request);
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::unavailable);
    CHECK(answer.error().retry_after == 1s);
    CHECK(f.provider.calls() == 0);
}

TEST_CASE("a failed fetch serves the old price, marked, up to stale_if_error; then 503") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    f.provider.fails(Outcome::unavailable);
    auto const answer = f.get();
    REQUIRE(answer.has_value());
    CHECK(answer->stale);
    CHECK(answer->point.price.to_string() == "1");
    f.clock.advance(24h);
    auto const late = f.get();
    REQUIRE(late.has_error());
    CHECK(late.error().code == ErrorCode::unavailable);
    CHECK(late.error().retry_after == 5s);
}

TEST_CASE("a failed fetch is remembered for 5 seconds, and readers get the old price at once meanwhile") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    f.provider.fails(Outcome::timeout);
    for (int i = 0; i < 5; ++i) CHECK(f.get()->stale);
    CHECK(f.provider.calls() == 1);
    f.clock.advance(4999ms);
    CHECK(f.get()->stale);
    CHECK(f.provider.calls() == 1);
    f.clock.advance(1ms);
    CHECK(f.get()->stale);
    CHECK(f.provider.calls() == 2);
}

TEST_CASE("those who wait for a fetch that fails get the old price with it") {
    LatestPriceFixture f;
    f.remember("1", 90s);
    f.provider.fails(Outcome::unavailable);
    f.provider.hold();
    auto const one = f.spawn(f.request());
    auto const two = f.spawn(f.request());
    f.loop.run_until([&] { return f.provider.calls() == 1; });
    f.loop.settle();
    f.provider.release();
    CHECK((*f.loop.await(one))->stale);
    CHECK((*f.loop.await(two))->stale);
    CHECK(f.provider.calls() == 1);
}

TEST_CASE("an unknown symbol is 404 and remembered for 60 seconds") {
    LatestPriceFixture f;
    f.provider.fails(Outcome::unknown_symbol);
    for (int i = 0; i < 3; ++i) CHECK(f.get().error().code == ErrorCode::not_found);
    f.clock.advance(59s);
    CHECK(f.get().error().code == ErrorCode::not_found);
    CHECK(f.provider.calls() == 1);
    f.clock.advance(1s);
    CHECK(f.get().error().code == ErrorCode::not_found);
    CHECK(f.provider.calls() == 2);
}

TEST_CASE("a wait that a poll was told holds for reads, and one that a read was told holds for polls") {
    LatestPriceFixture f;
    f.holds.hold("first", f.clock.steady_now() + 30s, Outcome::quota_exhausted);
    auto const refused = f.get();
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().retry_after == 30s);
    CHECK(f.provider.calls() == 0);
    f.clock.advance(30s);
    f.provider.fails(Outcome::rate_limited, 40s);
    CHECK(f.get().has_error());
    CHECK(f.provider.calls() == 1);
    CHECK(f.holds.find("first", f.clock.steady_now() + 39s, QuotaUse::polls) != nullptr);
    CHECK(f.holds.find("first", f.clock.steady_now() + 40s, QuotaUse::polls) == nullptr);
}

TEST_CASE("price 0 is never stored: 404 where the provider means unknown by it, otherwise 502") {
    LatestPriceFixture f;
    CHECK_FALSE(Price::parse("0").price.has_value());
    for (auto const outcome : {Outcome::no_data, Outcome::no_data, Outcome::unknown_symbol}) f.provider.fails(outcome);
    auto const nonsense = f.get();
    CHECK(nonsense.error().code == ErrorCode::upstream_invalid);
    f.clock.advance(5s);
    f.provider.change_traits().zero_means_unknown = true;  // what is negative or out of range there is no such zero
    CHECK(f.get().error().code == ErrorCode::upstream_invalid);
    f.clock.advance(5s);
    auto const unknown = f.get();
    CHECK(unknown.error().code == ErrorCode::not_found);
    CHECK(f.store.points(f.series()).empty());
    f.loop.run_until([&] { return f.store.observations().size() == 3; });
    CHECK(f.store.observations()[0].results[0].reject()->outcome == Outcome::no_data);
}

TEST_CASE("every answer of a provider is kept, whatever its outcome") {
    for (auto const outcome : {Outcome::rate_limited, Outcome::malformed, Outcome::timeout}) {
        LatestPriceFixture f;
        f.provider.fails(outcome);
        CHECK(f.get().has_error());
        f.loop.run_until([&] { return f.store.observations().size() == 1; });
        auto const kept = f.store.observations()[0];
        CHECK(kept.results[0].reject()->outcome == outcome);
        CHECK(kept.answer.has_value() == (outcome != Outcome::timeout));
    }
}

TEST_CASE("each outcome has its status") {
    std::vector<std::pair<Outcome, ErrorCode>> const table{{Outcome::unknown_symbol, ErrorCode::not_found},
                                                           {Outcome::no_data, ErrorCode::upstream_invalid},
                                                           {Outcome::malformed, ErrorCode::upstream_invalid},
                                                           {Outcome::bad_request, ErrorCode::upstream_invalid},
                                                           {Outcome::unclassified_error, ErrorCode::upstream_invalid},
                                                           {Outcome::timeout, ErrorCode::timeout},
                                                           {Outcome::rate_limited, ErrorCode::unavailable},
                                                           {Outcome::quota_exhausted, ErrorCode::unavailable},
                                                           {Outcome::auth, ErrorCode::unavailable},
                                                           {Outcome::entitlement, ErrorCode::unavailable},
                                                           {Outcome::banned, ErrorCode::unavailable},
                                                           {Outcome::blocked, ErrorCode::unavailable},
                                                           {Outcome::unavailable, ErrorCode::unavailable}};
    for (auto const& [outcome, code] : table) {
        LatestPriceFixture f;
        f.provider.fails(outcome);
        auto const answer = f.get();
        REQUIRE(answer.has_error());
        CHECK(answer.error().code == code);
        CHECK(answer.error().retry_after.has_value() == (code == ErrorCode::unavailable));
        CHECK(answer.error().message.find("first") != std::string::npos);
        CHECK(answer.error().message.find("scripted") == std::string::npos);  // the provider's own words are for the log
    }
}

TEST_CASE("a provider that asked to wait is left alone, for every symbol, until then") {
    LatestPriceFixture f;
    f.provider.fails(Outcome::rate_limited, 30s);
    f.provider.says("1");
    CHECK(f.get().error().retry_after == 30s);
    f.clock.advance(10s);
    LatestRequest other(*Symbol::parse("MSFT"), {"first"});
    auto const refused = f.get(other);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().retry_after == 20s);
    CHECK(f.provider.calls() == 1);
    f.clock.advance(20s);
    CHECK(f.get(other).has_value());
}

TEST_CASE("a provider without its key is 503 and names the variable") {
    LatestPriceFixture f;
    f.provider.change_traits().missing_secret = "FIRST_API_KEY";
    auto const answer = f.get();
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::unavailable);
    CHECK(answer.error().message.find("FIRST_API_KEY") != std::string::npos);
    CHECK(f.provider.calls() == 0);
    f.remember("1", 90s);
    CHECK(f.get()->stale);
}

TEST_CASE("a read from an unknown provider is refused at once, with the known ones") {
    LatestPriceFixture f;
    auto const answer = f.get(LatestRequest(f.symbol(), {"nobody"}));
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::invalid_argument);
    CHECK(answer.error().message.find("first, second") != std::string::npos);
}

TEST_CASE("an alias leads to the series of the provider's own name") {
    LatestPriceFixture f;
    f.directory.add_alias("1st", f.provider);
    f.remember("1", 1s);
    auto const answer = f.get(LatestRequest(f.symbol(), {"1st"}));
    REQUIRE(answer.has_value());
    CHECK(answer->point.series.provider == "first");
}
