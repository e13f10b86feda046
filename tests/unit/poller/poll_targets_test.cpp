#include "services/poll_targets.hpp"

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

#include <string>
#include <vector>

using namespace mds;
using namespace mds::test;

namespace {

Job job(std::string id, std::vector<std::string> const& symbols, int seconds, int since = 0) {
    Job made;
    made.id = std::move(id);
    made.config.interval = std::chrono::seconds(seconds);
    made.config.providers = {"simulated"};
    made.active_since = ManualClock::start + std::chrono::seconds(since);
    for (auto const& symbol : symbols) made.config.symbols.push_back(*Symbol::parse(symbol));
    return made;
}

/// "AAPL 60>10" for each move, in the order of the targets; "-": none.
std::vector<std::string> settled(PollTargets& targets) {
    std::vector<std::string> lines;
    auto const interval = [](std::optional<PollTargets::Place> const& place) {
        return place ? std::to_string(place->interval.count()) : std::string("-");
    };
    for (auto const& move : targets.settle())
        lines.push_back(std::string(targets.symbol(move.target)) + ' ' + interval(move.from) + '>' + interval(move.to));
    return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a target that several jobs want is polled at the shortest interval of those that are left") {
    PollTargets targets;
    auto const slow = job("slow", {"AAPL", "MSFT"}, 60), fast = job("fast", {"AAPL"}, 10), middle = job("middle", {"AAPL"}, 30);
    targets.link(slow, targets.numbers_of(slow));
    CHECK(settled(targets) == Lines{"AAPL ->60", "MSFT ->60"});
    targets.link(fast, targets.numbers_of(fast));
    targets.link(middle, targets.numbers_of(middle));
    CHECK(settled(targets) == Lines{"AAPL 60>10"});
    CHECK(targets.size() == 2);
    targets.unlink(slow, targets.numbers_of(slow));
    CHECK(settled(targets) == Lines{"MSFT 60>-"});
    targets.unlink(fast, targets.numbers_of(fast));
    CHECK(settled(targets) == Lines{"AAPL 10>30"});
    CHECK(targets.size() == 1);
    targets.unlink(middle, targets.numbers_of(middle));
    CHECK(settled(targets) == Lines{"AAPL 30>-"});
    CHECK(targets.size() == 0);
    targets.unlink(middle, targets.numbers_of(middle));
    CHECK(settled(targets).empty());
}

TEST_CASE("what is linked and unlinked between two looks did not move") {
    PollTargets targets;
    auto const wanted = job("wanted", {"AAPL"}, 60);
    auto const numbers = targets.numbers_of(wanted);
    targets.link(wanted, numbers);
    targets.unlink(wanted, numbers);
    CHECK(settled(targets).empty());
    targets.link(wanted, numbers);
    CHECK(targets.settle().front().since == wanted.active_since);
    targets.unlink(wanted, numbers);
    targets.link(wanted, numbers);
    CHECK(settled(targets).empty());
}

TEST_CASE("ticks of a target count from its first job of the shortest interval") {
    PollTargets targets;
    for (auto const& each : {job("late", {"AAPL"}, 10, 5), job("early", {"AAPL"}, 10, 2), job("slow", {"AAPL"}, 60, 1)})
        targets.link(each, targets.numbers_of(each));
    auto const moves = targets.settle();
    REQUIRE(moves.size() == 1);
    CHECK(moves.front().since == ManualClock::start + std::chrono::seconds(2));
}

TEST_CASE("a target is a symbol at a provider list") {
    PollTargets targets;
    auto one = job("one", {"AAPL"}, 60), other = job("other", {"AAPL"}, 60);
    other.config.providers = {"simulated", "finnhub"};
    auto const numbers = targets.numbers_of(one);
    CHECK(targets.numbers_of(other) != numbers);
    CHECK(targets.find(one, one.config.symbols.front()) == numbers.front());
    CHECK_FALSE(targets.find(one, *Symbol::parse("MSFT")));
    CHECK(targets.symbols(numbers) == one.config.symbols);
}
