#include <support/catch.hpp>

#include <adapters/providers/breaker.hpp>
#include <adapters/providers/quota.hpp>

#include <algorithm>

using namespace mds;
using namespace mds::providers;
using namespace std::chrono_literals;

namespace {

SteadyTime const start{1000h};

/// The most within any span of that length, wherever it begins.
std::size_t most_within(std::vector<SteadyTime> const& sent, SteadyTime::duration span) {
    std::size_t most = 0, first = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        while (sent[i] - sent[first] >= span) ++first;
        most = std::max(most, i - first + 1);
    }
    return most;
}

std::vector<SymbolResult> all(Outcome outcome) {
    std::vector<SymbolResult> results;
    results.emplace_back(*Symbol::parse("A"), Reject(outcome, "why"));
    return results;
}

}  // namespace

TEST_CASE("no window ever holds more than its limit, and nearly all of it is used") {
    std::vector<QuotaWindow> const windows{{5, 1s, false}, {300, 60s, false}};
    Quota quota(windows);
    std::vector<SteadyTime> sent;
    SteadyTime now = start;
    while (now < start + 300s) {
        now = std::max(now, *quota.take(1, now, now + 10s));
        sent.push_back(now);
    }
    CHECK(most_within(sent, 1s) == 5);
    CHECK(most_within(sent, 60s) <= 300);
    CHECK(sent.size() >= 1350);  // nine tenths of 300 seconds at 5
}

TEST_CASE("several that ask at once get their turns in order, and one that would wait too long gets none") {
    std::vector<QuotaWindow> const windows{{2, 1s, false}};
    Quota quota(windows);
    CHECK(quota.take(1, start, start + 1s) == start);
    CHECK(quota.take(1, start, start + 1s) == start);
    CHECK_FALSE(quota.take(1, start, start + 1s));
    CHECK(quota.earliest(1, start) == start + 1050ms);
    CHECK(quota.take(1, start, start + 2s) == start + 1050ms);
    CHECK(quota.take(1, start, start + 2s) == start + 1050ms);
    CHECK_FALSE(quota.take(1, start, start + 2s));
    CHECK(quota.take(1, start + 5s, start + 5s) == start + 5s);
}

TEST_CASE("a request may cost as much as it has symbols") {
    std::vector<QuotaWindow> const windows{{8, 60s, true}};
    Quota quota(windows);
    CHECK(quota.take(5, start, start) == start);
    CHECK(quota.take(3, start, start) == start);
    CHECK_FALSE(quota.take(1, start, start + 60s));
    CHECK(quota.take(8, start + 61s, start + 61s) == start + 61s);
}

TEST_CASE("a large limit is kept with little memory, and never passed") {
    std::vector<QuotaWindow> const windows{{10'000, 3600s, false}};
    Quota quota(windows);
    std::vector<SteadyTime> sent;
    SteadyTime now = start;
    for (int i = 0; i < 25'000; ++i) {
        now = std::max(now, *quota.take(1, now, now + 2h)) + 100ms;
        sent.push_back(now - 100ms);
    }
    CHECK(most_within(sent, 3600s) <= 10'000);
    CHECK(most_within(sent, 3600s) > 9'900);
}

TEST_CASE("no windows: at once") {
    Quota quota({});
    for (int i = 0; i < 100; ++i) CHECK(quota.take(1, start, start) == start);
}

TEST_CASE("a provider that does not answer is left alone, and a single request finds out whether it is back") {
    Breaker breaker;
    for (int i = 0; i < 4; ++i) breaker.ended(all(Outcome::timeout), start);
    CHECK_FALSE(breaker.refusal(start));
    breaker.ended(all(Outcome::unavailable), start);
    CHECK(breaker.refusal(start + 999ms) == Outcome::unavailable);
    CHECK_FALSE(breaker.refusal(start + 1s));
    breaker.started();
    CHECK(breaker.refusal(start + 1s) == Outcome::unavailable);  // only one
    breaker.ended(all(Outcome::unavailable), start + 1s);
    CHECK(breaker.refusal(start + 2900ms));  // twice as long
    CHECK_FALSE(breaker.refusal(start + 3s));
    breaker.started();
    breaker.ended(all(Outcome::unknown_symbol), start + 3s);  // an answer
    CHECK_FALSE(breaker.refusal(start + 3s));
    breaker.ended(all(Outcome::unavailable), start + 4s);
    CHECK_FALSE(breaker.refusal(start + 4s));
}

TEST_CASE("a refused key and a ban stop it at once, a symbol outside the plan does not") {
    for (auto const outcome : {Outcome::auth, Outcome::banned}) {
        Breaker breaker;
        breaker.ended(all(outcome), start);
        CHECK(breaker.refusal(start + 4999ms) == outcome);
        CHECK_FALSE(breaker.refusal(start + 5s));
        SteadyTime now = start;
        for (int i = 0; i < 20; ++i) {
            while (breaker.refusal(now)) now += 1s;
            breaker.started();
            breaker.ended(all(outcome), now);
        }
        CHECK(breaker.refusal(now + 299s));
        CHECK_FALSE(breaker.refusal(now + 300s));
    }
    Breaker breaker;
    for (int i = 0; i < 20; ++i) breaker.ended(all(Outcome::entitlement), start);
    CHECK_FALSE(breaker.refusal(start));
}
