#include "services/poll_schedule.hpp"

#include "poll_world.hpp"
#include "support/catch.hpp"

using namespace mds;
using namespace mds::polltest;

namespace {

Job job(std::string id, std::vector<Symbol> wanted, int interval, UtcTime since, std::string provider = "p") {
    Job made;
    made.id = std::move(id);
    made.status = JobStatus::active;
    made.ticked = true;
    made.config.symbols = std::move(wanted);
    made.config.interval = seconds(interval);
    made.config.providers.push_back(std::move(provider));
    made.active_since = since;
    return made;
}

struct Bench {
    UtcTime now{seconds(1'700'000'000)};
    SteadyTime steady{seconds(5)};
    ProviderHolds holds;
    ProviderGate gate{4, holds};
    SeededRandom random{1};
    std::size_t batch_max;
    PollSchedule schedule{[this](std::string const&) { return batch_max; }, gate};
    PollPlan plan;

    explicit Bench(std::size_t max) : batch_max(max) {}
    void apply() { schedule.apply(plan, now, steady); }
    std::vector<PollTask> pass(microseconds time) {
        now += time;
        steady += time;
        return schedule.advance(now, steady, true);
    }
    void finish(std::vector<PollTask> const& tasks) {
        for (auto const& task : tasks) {
            PollTaskEnd end;
            end.id = task.id;
            end.settled = true;
            schedule.finished(end, steady, random);
        }
    }
    /// It waited for the provider until it was too late.
    void no_turn(PollTask const& task) {
        PollTaskEnd end;
        end.id = task.id;
        end.tried = false;
        schedule.finished(end, steady, random);
    }
};

}  // namespace

TEST_CASE("100,000 targets are dealt out, ticked and changed in bounded time") {
    Bench bench(100);
    for (int at = 0; at < 100; ++at) {
        std::vector<Symbol> wanted;
        for (int one = 0; one < 1000; ++one) wanted.push_back(symbol("S" + std::to_string(at * 1000 + one)));
        bench.plan.jobs.push_back(job("poll_" + std::to_string(at), std::move(wanted), 10, bench.now));
    }
    bench.apply();
    CHECK(bench.schedule.target_count() == 100'000);
    CHECK(bench.schedule.group_count() < 2100);
    std::size_t symbols_due = 0;
    std::size_t busiest = 0;
    for (int at = 0; at < 1000; ++at) {
        auto const tasks = bench.pass(milliseconds(10));
        std::size_t due = 0;
        for (auto const& task : tasks) due += task.symbols->size();
        busiest = std::max(busiest, due);
        symbols_due += due;
        bench.finish(tasks);
    }
    CHECK(symbols_due == 100'000);
    CHECK(busiest < 1000);
    CHECK(bench.schedule.take_missed().empty());
}

TEST_CASE("a new target leaves the other groups' names and phases alone") {
    Bench bench(10);
    std::vector<Symbol> wanted;
    for (int at = 0; at < 500; ++at) wanted.push_back(symbol("S" + std::to_string(at)));
    bench.plan.jobs.push_back(job("poll_a", wanted, 60, bench.now));
    bench.apply();
    std::map<std::string, microseconds> before;
    for (int at = 0; at < 600; ++at) {
        auto const tasks = bench.pass(milliseconds(100));
        for (auto const& task : tasks) before[task.group] = task.scheduled.time_since_epoch() % seconds(60);
        bench.finish(tasks);
    }
    bench.plan.jobs.push_back(job("poll_b", {symbol("NEW")}, 60, bench.now));
    bench.apply();
    std::map<std::string, microseconds> after;
    for (int at = 0; at < 601; ++at) {
        auto const tasks = bench.pass(milliseconds(100));
        for (auto const& task : tasks) after[task.group] = task.scheduled.time_since_epoch() % seconds(60);
        bench.finish(tasks);
    }
    std::size_t same = 0;
    for (auto const& [group, phase] : before) {
        auto const found = after.find(group);
        same += found != after.end() && found->second == phase;
    }
    CHECK(same + 1 >= before.size());
}

TEST_CASE("a group that was split finds its progress under its former name") {
    Bench bench(2);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A"), symbol("B"), symbol("C"), symbol("D")}, 10, bench.now - seconds(10'000)));
    bench.plan.last_settled["p@10s:0/0"] = bench.now - seconds(35);
    bench.apply();
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() >= 2);
    for (auto const& range : missed) {
        CHECK(range.first > bench.now - seconds(35));
        CHECK(range.ticks <= 4);
        CHECK(range.ticks >= 3);
        CHECK(range.reason == MissedReason::down_time);
    }
}

TEST_CASE("a merged group finds the progress of its former halves") {
    Bench bench(2);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 10, bench.now - seconds(10'000)));
    bench.plan.last_settled["p@10s:0/1"] = bench.now - seconds(100);
    bench.plan.last_settled["p@10s:8/1"] = bench.now - seconds(35);
    bench.apply();
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].ticks <= 4);
}

TEST_CASE("ticks before a job became active are nobody's") {
    Bench bench(10);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 10, bench.now - seconds(25)));
    bench.plan.last_settled["p@10s:0/0"] = bench.now - seconds(10'000);
    bench.apply();
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].ticks <= 3);
    CHECK(missed[0].first > bench.now - seconds(25));
}

TEST_CASE("a task that had no turn before the next tick is missed, not lost") {
    Bench bench(1);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 1, bench.now));
    bench.apply();
    auto const tasks = bench.pass(seconds(1));
    REQUIRE(tasks.size() == 1);
    bench.no_turn(tasks[0]);
    bench.schedule.close_ranges();
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].reason == MissedReason::provider_wait);
    CHECK(missed[0].first == *tasks[0].due);
}

TEST_CASE("tasks that have no turn one after another are one range, on record before the one that has") {
    Bench bench(1);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 1, bench.now));
    bench.apply();
    std::optional<UtcTime> first;
    for (int at = 0; at < 3; ++at) {
        auto const tasks = bench.pass(seconds(1));
        REQUIRE(tasks.size() == 1);
        if (!first) first = tasks[0].due;
        bench.no_turn(tasks[0]);
        CHECK(bench.schedule.take_missed().empty());
    }
    auto const tasks = bench.pass(seconds(1));
    REQUIRE(tasks.size() == 1);
    CHECK(bench.schedule.take_missed().empty());
    bench.schedule.launched(tasks[0].id);
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].reason == MissedReason::provider_wait);
    CHECK(missed[0].first == first);
    CHECK(missed[0].ticks == 3);
    CHECK(missed[0].last + seconds(1) == *tasks[0].due);
}

TEST_CASE("what a waiting group missed is handed out when the process ends") {
    Bench bench(1);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 1, bench.now));
    bench.apply();
    auto const tasks = bench.pass(seconds(1));
    REQUIRE(tasks.size() == 1);
    bench.no_turn(tasks[0]);
    REQUIRE(bench.pass(seconds(1)).size() == 1);  // waits
    bench.schedule.close_ranges();
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].last == *tasks[0].due);
}

TEST_CASE("a tick under way when the clock is set back is missed, not lost, where it cannot be stored") {
    Bench bench(1);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A")}, 10, bench.now));
    bench.apply();
    auto const tasks = bench.pass(seconds(10));
    REQUIRE(tasks.size() == 1);
    bench.now -= seconds(100);
    CHECK(bench.pass(milliseconds(10)).empty());
    PollTaskEnd end;
    end.id = tasks[0].id;
    bench.schedule.finished(end, bench.steady, bench.random);
    auto const missed = bench.schedule.take_missed();
    REQUIRE(missed.size() == 2);
    CHECK(missed[0].reason == MissedReason::store_down);
    CHECK(missed[0].first == *tasks[0].due);
    CHECK(missed[0].ticks == 1);
    CHECK(missed[1].ticks == 0);  // the mark of the jump
}

TEST_CASE("targets whose group is dealt anew again and again are still polled within two intervals") {
    Bench bench(4);
    bench.plan.jobs.push_back(job("poll_a", {symbol("A"), symbol("B"), symbol("C"), symbol("D")}, 60, bench.now));
    bench.apply();
    std::map<Symbol, SteadyTime> last;
    for (auto const& one : bench.plan.jobs[0].config.symbols) last[one] = bench.steady;
    std::chrono::duration<double> longest{0};
    std::size_t polls = 0;
    for (int at = 0; at < 6000; ++at) {
        // Each time just before something would be polled, a job comes or goes that splits or merges the group.
        if (*bench.schedule.next_due() - bench.now <= milliseconds(200)) {
            if (bench.plan.jobs.size() == 1) bench.plan.jobs.push_back(job("poll_b", {symbol("E"), symbol("F"), symbol("G")}, 60, bench.now));
            else bench.plan.jobs.pop_back();
            bench.apply();
        }
        auto const tasks = bench.pass(milliseconds(200));
        for (auto const& task : tasks) {
            for (auto const& one : *task.symbols) {
                auto const found = last.find(one);
                if (found == last.end()) continue;
                longest = std::max<std::chrono::duration<double>>(longest, bench.steady - found->second);
                found->second = bench.steady;
                ++polls;
            }
        }
        bench.finish(tasks);
    }
    for (auto const& [one, time] : last) longest = std::max<std::chrono::duration<double>>(longest, bench.steady - time);
    CHECK(longest <= seconds(121));
    CHECK(polls <= 4 * 1200 / 60 * 2);  // and not much more often either
}
