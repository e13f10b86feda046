#include "services/provider_gate.hpp"

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace mds;
using std::chrono::seconds;

namespace {

SteadyTime at(int second) {
    return SteadyTime(seconds(second));
}

/// Who asks, and what became of it.
struct Caller {
    ProviderGate::Slot slot;
    int refused = 0;

    void ask(ProviderGate& gate, std::string const& provider, SteadyTime now, SteadyTime give_up) {
        gate.request(provider, now, give_up, [this](ProviderGate::Slot granted) {
            refused += !granted;
            slot = std::move(granted);
        });
    }
    bool has() const { return static_cast<bool>(slot); }
};

}  // namespace

TEST_CASE("a gate lets its cap through and the others in the order in which they came") {
    ProviderHolds holds;
    ProviderGate gate(2, holds);
    std::vector<Caller> callers(4);
    for (auto& caller : callers) caller.ask(gate, "p", at(0), at(100));
    CHECK(callers[0].has());
    CHECK(callers[1].has());
    CHECK_FALSE(callers[2].has());
    callers[1].slot.give_back();
    CHECK(callers[2].has());
    CHECK_FALSE(callers[3].has());
    callers[0].slot.give_back();
    callers[0].slot.give_back();
    CHECK(callers[3].has());
    CHECK(gate.in_flight() == 2);
    CHECK(gate.waiting() == 0);
}

TEST_CASE("a slot is given back on every way out, and goes to the next in line") {
    ProviderHolds holds;
    ProviderGate gate(1, holds);
    Caller next;
    try {
        Caller first;
        first.ask(gate, "p", at(0), at(100));
        REQUIRE(first.has());
        next.ask(gate, "p", at(0), at(100));
        auto const moved = std::move(first.slot);
        CHECK_FALSE(next.has());
        throw std::runtime_error("a fault while the request is under way");
    } catch (std::runtime_error const&) {
    }
    CHECK(next.has());
    CHECK(gate.in_flight() == 1);
}

TEST_CASE("a wait at the gate ends at the waiter's own time") {
    ProviderHolds holds;
    ProviderGate gate(1, holds);
    Caller first, second;
    first.ask(gate, "p", at(0), at(5));
    second.ask(gate, "p", at(0), at(5));
    CHECK(first.has());
    CHECK(gate.next_wake() == at(5));
    gate.advance(at(4));
    CHECK(second.refused == 0);
    gate.advance(at(5));
    CHECK(second.refused == 1);
    CHECK(gate.waiting() == 0);
}

TEST_CASE("a closed gate ends every wait and lets nobody wait; who can go at once still goes") {
    ProviderHolds holds;
    ProviderGate gate(1, holds);
    Caller first, second, third, elsewhere;
    first.ask(gate, "p", at(0), at(5));
    second.ask(gate, "p", at(0), at(5));
    gate.close();
    CHECK(second.refused == 1);
    third.ask(gate, "p", at(1), at(5));
    CHECK(third.refused == 1);
    elsewhere.ask(gate, "q", at(1), at(5));
    CHECK(elsewhere.has());
}

TEST_CASE("a hold closes the gate until it is over, a shorter one does not shorten it, and other providers are free") {
    ProviderHolds holds;
    ProviderGate gate(4, holds);
    holds.hold("p", at(10), Outcome::rate_limited);
    holds.hold("p", at(3), Outcome::rate_limited);
    CHECK(gate.held("p", at(9)));
    CHECK_FALSE(gate.held("p", at(10)));
    Caller other, held;
    other.ask(gate, "q", at(0), at(1));
    CHECK(other.has());
    held.ask(gate, "p", at(0), at(100));
    CHECK(gate.next_wake() == at(10));
    gate.advance(at(9));
    CHECK_FALSE(held.has());
    gate.advance(at(10));
    CHECK(held.has());
}

TEST_CASE("a hold that a read was told of closes the gate as well") {
    ProviderHolds holds;
    ProviderGate gate(4, holds);
    holds.hold("p", at(10), Outcome::quota_exhausted);
    CHECK(gate.held("p", at(9)));
    Caller held;
    held.ask(gate, "p", at(9), at(100));
    CHECK_FALSE(held.has());
    CHECK(gate.next_wake() == at(10));
}

TEST_CASE("a wait is kept with the end that holds, whichever answer asked for it") {
    ProviderHolds holds;
    std::vector<SteadyTime> kept;
    holds.keep_with([&](std::string const& provider, SteadyTime until) {
        CHECK(provider == "p");
        kept.push_back(until);
    });
    FetchAnswer answer;
    answer.results.emplace_back(*Symbol::parse("AAPL"), Reject(Outcome::rate_limited, "scripted"));
    answer.retry_after = seconds(600);
    CHECK(holds.note("p", answer, at(0)));
    answer.retry_after = seconds(5);
    CHECK(holds.note("p", answer, at(1)));
    CHECK(kept == std::vector<SteadyTime>{at(600), at(600)});
    answer.retry_after = seconds(0);
    CHECK_FALSE(holds.note("p", answer, at(2)));
    answer.retry_after.reset();
    CHECK(holds.note("p", answer, at(700)));
    CHECK(holds.find("p", at(701), QuotaUse::polls) == nullptr);
    answer.results.front() = SymbolResult(*Symbol::parse("AAPL"), Reject(Outcome::quota_exhausted, "scripted"));
    CHECK(holds.note("p", answer, at(800)));
    CHECK(kept.back() == at(860));
}

TEST_CASE("what polls may spend of a quota is spent: they wait, reads go on, and nothing is kept: the ledger knows") {
    ProviderHolds holds;
    int kept = 0;
    holds.keep_with([&](auto const&, auto) { ++kept; });
    ProviderGate gate(4, holds);
    FetchAnswer answer;
    answer.results.emplace_back(*Symbol::parse("AAPL"), Reject(Outcome::rate_limited, "not asked"));
    answer.quota_wait = QuotaWait{QuotaUse::polls, seconds(30)};
    CHECK(gate.note("p", answer, at(0)));
    CHECK(gate.held("p", at(29)));
    CHECK(gate.out_of_quota("p", at(29)));
    CHECK_FALSE(gate.held("p", at(30)));
    CHECK(holds.find("p", at(0), QuotaUse::reads) == nullptr);
    answer.quota_wait = QuotaWait{QuotaUse::reads, seconds(50)};
    CHECK(gate.note("p", answer, at(0)));
    REQUIRE(holds.find("p", at(49), QuotaUse::reads) != nullptr);
    CHECK(gate.out_of_quota("p", at(49)));
    CHECK(kept == 0);
    holds.hold("p", at(60), Outcome::banned);
    CHECK_FALSE(gate.out_of_quota("p", at(40)));
}
