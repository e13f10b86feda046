#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <algorithm>

namespace mds::test {
namespace {

std::string id_of(int number) {
    std::string digits = std::to_string(number);
    return "poll_" + std::string(32 - digits.size(), '0') + digits;
}

void create(StoreUnderTest& store, Job made) {
    auto const outcome = store.run(store.jobs().create(std::move(made), std::nullopt));
    REQUIRE(outcome.has_value());
    CHECK(std::holds_alternative<JobCreated>(*outcome));
}

Result<Job> change(StoreUnderTest& store, std::string const& id, JobChange what, std::int64_t now) {
    return store.run(store.jobs().change(id, std::move(what), at(now)));
}

PollPlan plan(StoreUnderTest& store) {
    return store.run(store.poll_plan().load(std::nullopt)).value().value();
}

void progress(StoreUnderTest& store, JobProgress told) {
    std::vector<JobProgress> const list = {std::move(told)};
    REQUIRE(store.run(store.poll_plan().record({}, list, {})).has_value());
}

TargetState state(StoreUnderTest& store, std::vector<std::string> const& providers, std::string const& name) {
    std::vector<Target> const targets = {Target(providers, symbol(name))};
    return store.run(store.job_reads().target_states(targets)).value().at(0);
}

Observation at_tick(Observation of, std::int64_t due, int attempt, bool settles) {
    of.tick = Tick{"g", at(due), {}, 0};
    of.attempt = attempt;
    of.settles_tick = settles;
    return of;
}

/// From at(5) to at(9).
MissedRange five_missed_ticks() {
    MissedRange range;
    range.group = "simulated/1s";
    range.provider = "simulated";
    range.symbols = {symbol("AAPL")};
    range.interval = std::chrono::seconds(1);
    range.first = at(5);
    range.last = at(9);
    range.ticks = 5;
    return range;
}

}  // namespace

TEST_CASE("a job comes back as it was created") {
    auto const store = make_store_under_test();
    Job made = job(id_of(1), {"MSFT", "AAPL", "BRK.B"}, 5);
    made.config.interval = std::chrono::seconds(300);
    made.config.providers = {"finnhub", "alpha_vantage"};
    made.config.provider_is_list = true;
    create(*store, made);
    store->reopen();
    auto const found = store->run(store->job_reads().find(made.id)).value();
    REQUIRE(found.has_value());
    CHECK(found->id == made.id);
    CHECK(found->status == JobStatus::accepted);
    CHECK(found->config.symbols == made.config.symbols);
    CHECK(found->config.interval == made.config.interval);
    CHECK(found->config.providers == made.config.providers);
    CHECK(found->config.provider_is_list);
    CHECK(found->created_at == at(5));
    CHECK(found->active_since == at(5));
    CHECK_FALSE(found->ticked);
    CHECK_FALSE(store->run(store->job_reads().find(id_of(2)))->has_value());
}

TEST_CASE("a job is accepted until its first tick, then active") {
    auto const store = make_store_under_test();
    create(*store, job(id_of(1), {"AAPL"}));
    progress(*store, JobProgress{id_of(1), true, 0});
    auto found = store->run(store->job_reads().find(id_of(1))).value();
    CHECK(found->status == JobStatus::active);
    CHECK(found->ticked);
    progress(*store, JobProgress{id_of(1), false, 0});
    CHECK(store->run(store->job_reads().find(id_of(1))).value()->ticked);
}

TEST_CASE("pausing, resuming and changing a job restart its schedule, and twice is no error") {
    auto const store = make_store_under_test();
    create(*store, job(id_of(1), {"AAPL"}));
    auto paused = change(*store, id_of(1), JobPause{}, 10);
    CHECK(paused->status == JobStatus::paused);
    CHECK(change(*store, id_of(1), JobPause{}, 11)->status == JobStatus::paused);
    auto resumed = change(*store, id_of(1), JobResume{}, 20);
    CHECK(resumed->status == JobStatus::accepted);  // it never ticked
    CHECK(resumed->active_since == at(20));
    CHECK(change(*store, id_of(1), JobResume{}, 21)->active_since == at(20));
    progress(*store, JobProgress{id_of(1), true, 0});
    CHECK(change(*store, id_of(1), JobPause{}, 30)->status == JobStatus::paused);
    CHECK(change(*store, id_of(1), JobResume{}, 40)->status == JobStatus::active);
    JobPatch patch;
    patch.interval = std::chrono::seconds(5);
    patch.symbols = std::vector<Symbol>{symbol("IBM")};
    patch.providers = std::vector<std::string>{"other"};
    patch.provider_is_list = true;
    auto const patched = change(*store, id_of(1), patch, 50);
    CHECK(patched->config.interval == std::chrono::seconds(5));
    CHECK(patched->config.symbols == std::vector<Symbol>{symbol("IBM")});
    CHECK(patched->config.providers == std::vector<std::string>{"other"});
    CHECK(patched->config.provider_is_list);
    CHECK(patched->active_since == at(50));
    CHECK(patched->status == JobStatus::active);
}

TEST_CASE("a cancelled job stays readable and refuses changes") {
    auto const store = make_store_under_test();
    create(*store, job(id_of(1), {"AAPL"}));
    CHECK(change(*store, id_of(1), JobCancel{}, 1)->status == JobStatus::cancelled);
    CHECK(change(*store, id_of(1), JobCancel{}, 2)->status == JobStatus::cancelled);
    for (JobChange const& what : {JobChange(JobPause{}), JobChange(JobResume{}), JobChange(JobRun{}), JobChange(JobPatch{})})
        CHECK(change(*store, id_of(1), what, 3).error().code == ErrorCode::conflict);
    CHECK(store->run(store->job_reads().find(id_of(1))).value()->status == JobStatus::cancelled);
    progress(*store, JobProgress{id_of(1), true, 0});
    CHECK(store->run(store->job_reads().find(id_of(1))).value()->status == JobStatus::cancelled);
    CHECK(change(*store, id_of(9), JobPause{}, 3).error().code == ErrorCode::not_found);
}

TEST_CASE("the plan's revision grows with every change of a job, and only then") {
    auto const store = make_store_under_test();
    auto known = plan(*store).revision;
    auto const grew = [&] {
        auto const now = plan(*store).revision;
        return now > std::exchange(known, now);
    };
    create(*store, job(id_of(1), {"AAPL"}));
    CHECK(grew());
    for (JobChange const& what : {JobChange(JobPause{}), JobChange(JobResume{}), JobChange(JobRun{}), JobChange(JobCancel{})}) {
        REQUIRE(change(*store, id_of(1), what, 1).has_value());
        CHECK(grew());
    }
    progress(*store, JobProgress{id_of(1), true, 1});
    ingest(*store, {observation(1, {{"AAPL", "1"}})});
    CHECK_FALSE(grew());
    CHECK_FALSE(store->run(store->poll_plan().load(known))->has_value());
    CHECK(store->run(store->poll_plan().load(known - 1))->has_value());
}

TEST_CASE("the plan holds jobs that want polling") {
    auto const store = make_store_under_test();
    for (int i = 1; i <= 4; ++i) create(*store, job(id_of(i), {"AAPL"}, i));
    REQUIRE(change(*store, id_of(2), JobPause{}, 5).has_value());
    REQUIRE(change(*store, id_of(3), JobCancel{}, 5).has_value());
    REQUIRE(change(*store, id_of(4), JobPause{}, 5).has_value());
    REQUIRE(change(*store, id_of(4), JobRun{}, 6).has_value());
    auto jobs = plan(*store).jobs;
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].id == id_of(1));
    CHECK(jobs[1].id == id_of(4));
    CHECK(jobs[1].run_requested == 1);
    progress(*store, JobProgress{id_of(4), false, 1});
    CHECK(plan(*store).jobs.size() == 1);
    CHECK(store->run(store->job_reads().find(id_of(4))).value()->run_done == 1);
}

TEST_CASE("an idempotency key answers the first result for 24 hours") {
    auto const store = make_store_under_test();
    auto const send = [&](int number, std::string const& digest, std::int64_t now) {
        Idempotency const key{"key", digest, "answer of " + std::to_string(number)};
        return store->run(store->jobs().create(job(id_of(number), {"AAPL"}, now), key)).value();
    };
    CHECK(std::holds_alternative<JobCreated>(send(1, "d1", 0)));
    auto const replayed = send(2, "d1", 60);
    REQUIRE(std::holds_alternative<JobReplayed>(replayed));
    CHECK(std::get<JobReplayed>(replayed).job_id == id_of(1));
    CHECK(std::get<JobReplayed>(replayed).answer == "answer of 1");
    CHECK(std::holds_alternative<IdempotencyConflict>(send(3, "d2", 60)));
    CHECK_FALSE(store->run(store->job_reads().find(id_of(2)))->has_value());
    CHECK(std::holds_alternative<JobCreated>(send(4, "d2", 86'401)));
}

TEST_CASE("jobs are listed oldest first, filtered and paged by key") {
    auto const store = make_store_under_test();
    for (int i = 1; i <= 9; ++i) {
        Job made = job(id_of(i), i % 2 == 0 ? std::vector<std::string>{"AAPL", "IBM"} : std::vector<std::string>{"MSFT"}, i / 3);
        if (i == 6) made.config.providers = {"finnhub", "simulated"};
        create(*store, made);
    }
    REQUIRE(change(*store, id_of(2), JobPause{}, 20).has_value());
    JobFilter filter;
    filter.limit = 4;
    std::vector<std::string> seen;
    for (bool more = true; more;) {
        auto const page = store->run(store->job_reads().list(filter)).value();
        for (Job const& listed : page.jobs) seen.push_back(listed.id);
        more = page.more;
        filter.cursor.emplace(page.jobs.back().created_at, page.jobs.back().id);
    }
    REQUIRE(seen.size() == 9);
    for (int i = 1; i <= 9; ++i) CHECK(seen[static_cast<std::size_t>(i - 1)] == id_of(i));
    JobFilter by_symbol;
    by_symbol.symbol = symbol("IBM");
    CHECK(store->run(store->job_reads().list(by_symbol))->jobs.size() == 4);
    by_symbol.status = JobStatus::paused;
    CHECK(store->run(store->job_reads().list(by_symbol))->jobs.size() == 1);
    JobFilter by_provider;
    by_provider.provider = "finnhub";
    auto const page = store->run(store->job_reads().list(by_provider)).value();
    REQUIRE(page.jobs.size() == 1);
    CHECK(page.jobs[0].id == id_of(6));
}

TEST_CASE("a target is unknown, then up or down by its polls, and one success makes it well") {
    auto const store = make_store_under_test();
    CHECK(state(*store, {"simulated"}, "AAPL").health == TargetHealth::unknown);
    ingest(*store, {at_tick(observation(1, {{"AAPL", "1"}}, 11), 10, 1, true)});
    auto now = state(*store, {"simulated"}, "AAPL");
    CHECK(now.health == TargetHealth::up);
    CHECK(now.last_poll == at(11));
    CHECK(now.last_due == at(10));
    CHECK(now.last_poll_duration == std::chrono::milliseconds(12));
    CHECK(now.last_provider == "simulated");
    CHECK(now.last_error.empty());
    ingest(*store, {at_tick(unanswered(2, {"AAPL"}, 21), 20, 1, false), at_tick(unanswered(3, {"AAPL"}, 22), 20, 2, true)});
    store->reopen();
    ingest(*store, {at_tick(unanswered(4, {"AAPL"}, 31), 30, 1, true)});
    now = state(*store, {"simulated"}, "AAPL");
    CHECK(now.health == TargetHealth::down);
    CHECK(now.consecutive_failures == 2);  // ticks, not attempts
    CHECK(now.last_due == at(30));
    CHECK(now.last_poll == at(31));
    CHECK(now.last_error.find("timeout") != std::string::npos);
    CHECK(now.last_provider == "simulated");
    ingest(*store, {at_tick(observation(5, {{"AAPL", "1"}}, 41), 40, 1, true)});
    now = state(*store, {"simulated"}, "AAPL");
    CHECK(now.health == TargetHealth::up);
    CHECK(now.consecutive_failures == 0);
    CHECK(now.last_error.empty());
}

TEST_CASE("reads and foreign events say nothing about a target's polls") {
    auto const store = make_store_under_test();
    Observation read = observation(1, {{"AAPL", "1"}});
    read.cause = FetchCause::read;
    Observation failed_read = unanswered(2, {"AAPL"});
    failed_read.cause = FetchCause::read;
    ingest(*store, {read, failed_read});
    CHECK(state(*store, {"simulated"}, "AAPL").health == TargetHealth::unknown);
}

TEST_CASE("a target with several providers is up while one of them answers") {
    auto const store = make_store_under_test();
    std::vector<std::string> const both = {"first", "second"};
    ingest(*store, {at_tick(unanswered(1, {"AAPL"}, 11, "first"), 10, 1, false),
                    at_tick(observation(2, {{"AAPL", "1"}}, 12, "second"), 10, 2, true)});
    auto now = state(*store, both, "AAPL");
    CHECK(now.health == TargetHealth::up);
    CHECK(now.last_provider == "second");
    CHECK(now.last_error.empty());
    CHECK(now.last_poll == at(12));
    for (std::int64_t tick = 2; tick <= 3; ++tick) {
        auto const number = static_cast<std::uint64_t>(tick * 10);
        ingest(*store, {at_tick(unanswered(number, {"AAPL"}, tick * 10, "first"), tick * 10, 1, false),
                        at_tick(unanswered(number + 1, {"AAPL"}, tick * 10 + 1, "second"), tick * 10, 2, true)});
    }
    now = state(*store, both, "AAPL");
    CHECK(now.health == TargetHealth::down);
    CHECK(now.consecutive_failures == 2);
    CHECK(now.last_poll == at(31));
    CHECK(now.last_provider == "second");
    ingest(*store, {at_tick(observation(90, {{"AAPL", "1"}}, 41, "first"), 40, 1, true)});
    now = state(*store, both, "AAPL");
    CHECK(now.health == TargetHealth::up);
    CHECK(now.last_provider == "first");
}

TEST_CASE("the plan names the symbols of active jobs that nobody polled since they became the job's") {
    auto const store = make_store_under_test();
    Job active = job("poll_a", {"AAPL", "MSFT", "TSLA"}, 20);
    active.config.providers = {"first", "second"};
    active.status = JobStatus::active;
    active.ticked = true;
    active.active_since = at(20);
    Job accepted = job("poll_b", {"NEW"}, 21);
    for (Job const& one : {active, accepted}) REQUIRE(store->run(store->jobs().create(one, std::nullopt)).has_value());
    ingest(*store, {at_tick(unanswered(1, {"AAPL"}, 11, "first"), 10, 1, false),
                    at_tick(observation(2, {{"AAPL", "1"}}, 12, "second"), 10, 2, true),
                    at_tick(observation(3, {{"MSFT", "1"}}, 12, "first"), 10, 1, true),
                    at_tick(unanswered(4, {"MSFT"}, 20, "second"), 20, 1, true)});
    auto loaded = plan(*store);
    REQUIRE(loaded.unpolled.size() == 2);
    std::ranges::sort(loaded.unpolled, {}, &UnpolledTarget::symbol);
    CHECK(loaded.unpolled[0].job == "poll_a");
    CHECK(loaded.unpolled[0].symbol == symbol("AAPL"));
    CHECK(loaded.unpolled[0].polled_at == at(12));
    CHECK(loaded.unpolled[1].symbol == symbol("TSLA"));
    CHECK(loaded.unpolled[1].polled_at == std::nullopt);
}

TEST_CASE("missed ranges move their group's progress, and may be told again") {
    auto const store = make_store_under_test();
    std::vector<MissedRange> const missed = {five_missed_ticks()};
    std::map<std::string, UtcTime> const waits = {{"finnhub", at(60)}};
    for (int i = 0; i < 2; ++i) REQUIRE(store->run(store->poll_plan().record(missed, {}, waits)).has_value());
    store->reopen();
    auto const loaded = plan(*store);
    CHECK(loaded.last_settled == std::map<std::string, UtcTime>{{"simulated/1s", at(9)}});
    CHECK(loaded.not_before == waits);
    auto const now = store->run(store->poll_plan().provider_waits());
    REQUIRE(now.has_value());
    CHECK(*now == waits);
}

TEST_CASE("a missed range whose lease is in another term by now is left out, with what it would have settled") {
    auto const store = make_store_under_test();
    auto range = five_missed_ticks();
    range.lease = "shard";
    range.term = 1;
    auto const record = [&](UtcTime last, std::int64_t term) {
        range.last = last;
        range.term = term;
        std::vector<MissedRange> const ranges = {range};
        REQUIRE(store->run(store->poll_plan().record(ranges, {}, {})).has_value());
        return plan(*store).last_settled["simulated/1s"];
    };
    auto* const leases = store->store().leases();
    if (leases == nullptr) {  // one process alone: whatever it says is its own
        CHECK(record(at(9), 1) == at(9));
        return;
    }
    auto const claim = [&](std::string const& owner) {
        auto const round = store->run(leases->renew(owner, {"shard"}, std::chrono::seconds(15)));
        REQUIRE(round.has_value());
        REQUIRE(round->held.size() == 1);
        return round->held.front().term;
    };
    auto const first = claim("one");
    CHECK(record(at(9), first) == at(9));
    REQUIRE(store->run(leases->leave("one")).has_value());
    CHECK(record(at(10), first) == at(10));  // nobody has it yet
    auto const second = claim("two");
    CHECK(second > first);
    CHECK(record(at(20), first) == at(10));
    CHECK(record(at(15), second) == at(15));
    range.lease = "never held by anybody";
    CHECK(record(at(20), 1) == at(15));
    range.lease.clear();
    CHECK(record(at(20), 0) == at(20));
}

}  // namespace mds::test
