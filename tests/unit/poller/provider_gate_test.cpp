#include "services/provider_gate.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace mds;
using std::chrono::seconds;

namespace {
SteadyTime at(int second) { return SteadyTime(seconds(second)); }
}  // namespace

TEST_CASE("a gate lets its cap through and the others in the order in which they came") {
    ProviderHolds holds;
    ProviderGate gate(2, holds);
    std::vector<std::string> log;
    auto ask = [&](std::string const& name) {
        return gate.request("p", at(0), at(100), [&log, name](bool granted) { log.push_back(name + (granted ? "+" : "-")); });
    };
    CHECK(ask("a"));
    CHECK(ask("b"));
    CHECK_FALSE(ask("c"));
    CHECK_FALSE(ask("d"));
    gate.release("p", at(1));
    gate.release("p", at(1));
    CHECK(log == std::vector<std::string>{"c+", "d+"});
    CHECK(gate.in_flight() == 2);
}

TEST_CASE("a wait at the gate ends at the waiter's own time") {
    ProviderHolds holds;
    ProviderGate gate(1, holds);
    std::vector<bool> log;
    CHECK(gate.request("p", at(0), at(5), {}));
    CHECK_FALSE(gate.request("p", at(0), at(5), [&](bool granted) { log.push_back(granted); }));
    CHECK(gate.next_wake() == at(5));
    gate.advance(at(4));
    CHECK(log.empty());
    gate.advance(at(5));
    CHECK(log == std::vector<bool>{false});
    CHECK(gate.waiting() == 0);
}

TEST_CASE("a hold closes the gate until it is over, a shorter one does not shorten it, and other providers are free") {
    ProviderHolds holds;
    ProviderGate gate(4, holds);
    std::vector<bool> log;
    gate.hold("p", at(10), Outcome::rate_limited);
    gate.hold("p", at(3), Outcome::rate_limited);
    CHECK(gate.held("p", at(9)));
    CHECK_FALSE(gate.held("p", at(10)));
    CHECK(gate.request("q", at(0), at(1), {}));
    CHECK_FALSE(gate.request("p", at(0), at(100), [&](bool granted) { log.push_back(granted); }));
    CHECK(gate.next_wake() == at(10));
    gate.advance(at(9));
    CHECK(log.empty());
    gate.advance(at(10));
    CHECK(log == std::vector<bool>{true});
}

TEST_CASE("a hold that a read was told of closes the gate as well") {
    ProviderHolds holds;
    ProviderGate gate(4, holds);
    holds.hold("p", at(10), Outcome::quota_exhausted);
    CHECK(gate.held("p", at(9)));
    CHECK_FALSE(gate.request("p", at(9), at(100), [](bool) {}));
    CHECK(gate.next_wake() == at(10));
}
