#include "services/poll_forecast.hpp"

#include "services/poll_schedule.hpp"
#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/scripted_provider.hpp"
#include "support/seeded_random.hpp"

#include <set>

using namespace mds;
using namespace mds::test;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

Symbol symbol(std::string const& text) {
    return *Symbol::parse(text);
}

/// A plan, and how often it was read in full.
struct Plans final : PollPlanStore {
    Task<std::optional<PollPlan>> load(std::optional<std::int64_t> known) override {
        if (known == plan.revision) co_return std::optional<PollPlan>();
        ++full_loads;
        co_return std::optional<PollPlan>(plan);
    }
    Task<std::map<std::string, UtcTime>> provider_waits() override { co_return waits; }
    Task<void> record(std::vector<MissedRange>, std::vector<JobProgress>, std::map<std::string, UtcTime>) override {
        co_return Result<void>();
    }
    PollPlan plan;
    std::map<std::string, UtcTime> waits;
    int full_loads = 0;
};

Job job(std::string id, std::vector<Symbol> wanted, int interval, std::vector<std::string> providers, UtcTime since) {
    Job made;
    made.id = std::move(id);
    made.status = JobStatus::active;
    made.ticked = true;
    made.config.symbols = std::move(wanted);
    made.config.interval = seconds(interval);
    made.config.providers = std::move(providers);
    made.active_since = since;
    return made;
}

/// A forecast, and the poller's own schedule to hold it against.
struct Fixture {
    Fixture() {
        one.change_traits().batch_max = 1;
        many.change_traits().batch_max = 7;
        directory.add(one);
        directory.add(many);
    }
    PollForecast::Outlook look() { return *loop.run(forecast.look()); }
    Job& add(Job made) {
        ++plans.plan.revision;
        plans.plan.jobs.push_back(std::move(made));
        return plans.plan.jobs.back();
    }
    void wait_for(std::string const& provider, microseconds time) {
        plans.waits[provider] = clock.now() + time;
        holds.hold(provider, clock.steady_now() + time, Outcome::rate_limited);
    }

    using Polls = std::map<std::pair<std::vector<std::string>, Symbol>, UtcTime>;
    /// When the schedule begins the next poll of each target, by going there.
    Polls really(std::size_t targets) {
        Polls first;
        schedule.apply(plans.plan, clock.now(), clock.steady_now());
        while (first.size() < targets) {
            clock.advance(*schedule.next_due() - clock.now());
            for (auto const& task : schedule.advance(clock.now(), clock.steady_now(), true)) {
                auto const at = task.group.find('@');
                auto const& list = lists.at(task.group.substr(0, at));
                for (auto const& symbol : *task.symbols) first.emplace(std::pair(list, symbol), task.scheduled);
                PollTaskEnd end;
                end.id = task.id;
                end.settled = true;
                schedule.finished(end, clock.steady_now(), random);
            }
        }
        return first;
    }

    ManualClock clock;
    SeededRandom random{7};
    ScriptedProvider one{"one", clock, random};
    ScriptedProvider many{"many", clock, random};
    FakeDirectory directory;
    Plans plans;
    Loop loop;
    PollForecast forecast{plans, directory, clock};
    ProviderHolds holds;
    ProviderGate gate{4, holds};
    PollSchedule schedule{[this](std::string const& name) { return batch_max_of(directory, name); }, gate};
    std::map<std::string, std::vector<std::string>> const lists{
        {"one", {"one"}}, {"many", {"many"}}, {"many,one", {"many", "one"}}};
};

}  // namespace

TEST_CASE("a target's next poll is the tick at which the schedule really begins it") {
    Fixture f;
    std::vector<std::vector<std::string>> const providers{{"one"}, {"many"}, {"many", "one"}};
    std::vector<int> const intervals{1, 5, 60, 3600};
    std::set<std::pair<std::vector<std::string>, Symbol>> targets;
    for (int at = 0; at < 40; ++at) {
        std::set<Symbol> wanted;
        for (int n = 0; n < 12; ++n) wanted.insert(symbol("S" + std::to_string(f.random.next() % 150)));
        auto const& list = providers[f.random.next() % providers.size()];
        for (auto const& each : wanted) targets.emplace(list, each);
        f.add(job("poll_" + std::to_string(at), {wanted.begin(), wanted.end()}, intervals[f.random.next() % intervals.size()], list,
                  f.clock.now()));
    }
    bool const waiting = GENERATE(false, true);
    INFO("a provider's wait: " << waiting);
    if (waiting) {
        f.wait_for("one", std::chrono::milliseconds(90'500));
        f.wait_for("many", seconds(30));
    }
    auto const outlook = f.look();
    auto const really = f.really(targets.size());
    for (auto const& each : f.plans.plan.jobs) {
        auto const next = outlook.next_polls(each);
        REQUIRE(next.size() == each.config.symbols.size());
        for (std::size_t i = 0; i < next.size(); ++i) {
            CHECK(next[i] == really.at(std::pair(each.config.providers, each.config.symbols[i])));
        }
    }
}

TEST_CASE("a target that jobs share is next polled at the faster one's tick, in both") {
    Fixture f;
    f.add(job("slow", {symbol("AAPL")}, 3600, {"one"}, f.clock.now()));
    f.add(job("fast", {symbol("AAPL")}, 1, {"one"}, f.clock.now()));
    auto const outlook = f.look();
    for (auto const& each : f.plans.plan.jobs) {
        auto const next = outlook.next_polls(each).front();
        REQUIRE(next);
        CHECK(*next > f.clock.now());
        CHECK(*next - f.clock.now() <= seconds(1));
    }
}

TEST_CASE("what is to be polled at once has now for its next poll, or the end of its provider's wait") {
    Fixture f;
    Job& fresh = f.add(job("fresh", {symbol("AAPL")}, 3600, {"one"}, f.clock.now()));
    fresh.status = JobStatus::accepted;
    fresh.ticked = false;
    CHECK(f.look().next_polls(fresh).front() == f.clock.now());
    f.wait_for("one", seconds(20));
    CHECK(f.look().next_polls(fresh).front() == f.clock.now() + seconds(20));
    fresh.status = JobStatus::active;
    fresh.ticked = true;
    CHECK(*f.look().next_polls(fresh).front() > f.clock.now() + seconds(20));
    fresh.run_requested = 3;
    fresh.run_done = 2;
    CHECK(f.look().next_polls(fresh).front() == f.clock.now() + seconds(20));
    fresh.run_done = 3;
    f.clock.advance(seconds(30));
    auto const next = f.look().next_polls(fresh).front();
    REQUIRE(next);
    CHECK(*next > f.clock.now());
}

TEST_CASE("nothing is polled of a job that is paused or cancelled") {
    Fixture f;
    Job& shared = f.add(job("shared", {symbol("AAPL")}, 60, {"one"}, f.clock.now()));
    Job paused = shared;
    paused.status = JobStatus::paused;
    paused.run_requested = 1;
    Job cancelled = shared;
    cancelled.status = JobStatus::cancelled;
    auto const outlook = f.look();
    CHECK(outlook.next_polls(shared).front().has_value());
    CHECK_FALSE(outlook.next_polls(paused).front().has_value());
    CHECK_FALSE(outlook.next_polls(cancelled).front().has_value());
    // Cancelled after the job was read, before the plan was.
    f.plans.plan.jobs.clear();
    ++f.plans.plan.revision;
    Job const read_before = paused;
    Job still = read_before;
    still.status = JobStatus::active;
    still.run_requested = 0;
    CHECK_FALSE(f.look().next_polls(still).front().has_value());
}

TEST_CASE("the plan is read once per revision") {
    Fixture f;
    Job const first = f.add(job("first", {symbol("AAPL")}, 60, {"one"}, f.clock.now()));
    for (int i = 0; i < 3; ++i) f.look();
    CHECK(f.plans.full_loads == 1);
    Job const second = f.add(job("second", {symbol("MSFT")}, 60, {"one"}, f.clock.now()));
    CHECK(f.look().next_polls(second).front().has_value());
    CHECK(f.look().next_polls(first).front().has_value());
    CHECK(f.plans.full_loads == 2);
}
