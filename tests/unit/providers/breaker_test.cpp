#include <support/catch.hpp>

#include <adapters/providers/breaker.hpp>

using namespace mds;
using namespace mds::providers;
using namespace std::chrono_literals;

namespace {

SteadyTime const start{1000h};

std::vector<SymbolResult> all(Outcome outcome) {
    std::vector<SymbolResult> results;
    results.emplace_back(*Symbol::parse("A"), Reject(outcome, "why"));
    return results;
}

}  // namespace

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
