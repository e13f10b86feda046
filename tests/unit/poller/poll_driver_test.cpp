#include "poll_world.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mds;
using namespace mds::polltest;

namespace {

std::size_t points(World const& world) {
    std::size_t count = 0;
    for (auto const& observation : world.observations) {
        for (auto const& result : observation.results) count += result.quote() != nullptr;
    }
    return count;
}

std::vector<UtcTime> dues(World const& world) {
    std::vector<UtcTime> times;
    for (auto const& observation : world.observations) {
        if (observation.settles_tick) times.push_back(observation.tick->due);
    }
    std::ranges::sort(times);
    return times;
}

double metric(World const& world, std::string const& line) {
    auto const text = world.metrics->render();
    auto const at = text.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
}

}  // namespace

TEST_CASE("a new job is polled at once and becomes active") {
    World world;
    auto& provider = world.provider("p");
    world.start();
    world.run(seconds(1));
    world.job("poll_a", {"AAPL", "MSFT"}, 60, {"p"});
    world.changed();
    world.run(milliseconds(200));
    REQUIRE(provider.requests.size() == 2);
    CHECK(world.jobs.at("poll_a").status == JobStatus::active);
    CHECK(world.observations.at(0).cause == FetchCause::immediate);
    CHECK_FALSE(world.observations.at(0).tick);
}

TEST_CASE("a job that another process made is noticed within half a second") {
    World world;
    auto& provider = world.provider("p");
    world.start();
    world.run(seconds(1));
    world.job("poll_a", {"AAPL"}, 60, {"p"});
    ++world.revision;
    world.run(milliseconds(600));
    CHECK(provider.requests.size() == 1);
}

TEST_CASE("ticks of a simulated day do not drift by a microsecond") {
    World world;
    world.provider("p").script = [](auto const&) { return Reply{milliseconds(137), {}, {}, {}, true}; };
    world.job("poll_a", {"AAPL"}, 10, {"p"}).ticked = true;
    world.start();
    world.run(std::chrono::hours(24));
    auto const times = dues(world);
    REQUIRE(times.size() == 8640);
    for (std::size_t at = 1; at < times.size(); ++at) REQUIRE(times[at] - times[at - 1] == seconds(10));
    CHECK(world.missed.empty());
    CHECK(metric(world, "mds_poller_ticks_total{result=\"ok\"}") == 8640);
}

TEST_CASE("the minimum interval of one second is kept, not a floor of ten") {
    World world;
    world.provider("p");
    world.job("poll_a", {"AAPL"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(100));
    CHECK(dues(world).size() >= 99);
}

TEST_CASE("every tick of 10,000 targets at 1 s ends exactly once") {
    World world;
    auto& provider = world.provider("p", 50);
    provider.script = [&](auto const&) { return Reply{milliseconds(5 + static_cast<int>(world.random.next() % 20)), {}, {}, {}, true}; };
    std::vector<std::string> symbols;
    for (int at = 0; at < 10'000; ++at) symbols.push_back("S" + std::to_string(at));
    for (int at = 0; at < 10; ++at) {
        std::vector<std::string> const some(symbols.begin() + at * 1000, symbols.begin() + (at + 1) * 1000);
        world.job("poll_" + std::to_string(at), some, 1, {"p"}).ticked = true;
    }
    world.options.requests_per_provider = 16;
    world.start();
    world.run(seconds(60));
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(points(world) > 10'000 * 55);
    CHECK(world.provider("p").most_in_flight <= 16);
    std::map<Symbol, std::size_t> per_symbol;
    for (auto const& observation : world.observations) {
        for (auto const& one : observation.symbols) ++per_symbol[one];
    }
    CHECK(per_symbol.size() == 10'000);
    for (auto const& range : world.missed) {
        for (auto const& one : range.symbols) per_symbol[one] += static_cast<std::size_t>(range.ticks);
    }
    for (auto const& [one, count] : per_symbol) REQUIRE((count == 59 || count == 60));
}

TEST_CASE("a stuck provider delays no other") {
    World world;
    auto& stuck = world.provider("stuck");
    stuck.script = [](auto const&) { return Reply{std::chrono::hours(1), {}, {}, {}, true}; };
    auto& good = world.provider("good");
    for (int at = 0; at < 20; ++at) {
        world.job("poll_s" + std::to_string(at), {"S" + std::to_string(at)}, 1, {"stuck"}).ticked = true;
        world.job("poll_g" + std::to_string(at), {"G" + std::to_string(at)}, 1, {"good"}).ticked = true;
    }
    world.start();
    world.run(seconds(120));
    CHECK(good.requests.size() >= 20 * 119);
    CHECK(stuck.most_in_flight <= 4);
    std::vector<std::int64_t> late;
    for (auto const& observation : world.observations) {
        if (observation.provider != "good") continue;
        REQUIRE(observation.tick);
        late.push_back((observation.fetched_at - observation.tick->due).count());
    }
    CHECK(*std::ranges::max_element(late) < 200'000);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.by_reason.at(MissedReason::overrun) > 0);
}

TEST_CASE("a tick that comes while the one before is under way is recorded as one overrun range") {
    World world;
    auto& provider = world.provider("p");
    provider.script = [&](auto const&) { return Reply{milliseconds(provider.requests.size() == 3 ? 4500 : 20), {}, {}, {}, true}; };
    world.job("poll_a", {"AAPL"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(20));
    REQUIRE(world.missed.size() == 1);
    CHECK(world.missed[0].reason == MissedReason::overrun);
    CHECK(world.missed[0].ticks == 4);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("one failure does not disable a job for ever") {
    World world;
    auto& provider = world.provider("p");
    bool sick = true;
    provider.script = [&](auto const&) { return Reply{milliseconds(20), sick ? std::optional(Outcome::unavailable) : std::nullopt, {}, {}, true}; };
    world.job("poll_a", {"AAPL"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(std::chrono::minutes(10));
    CHECK(provider.requests.size() < 400);
    CHECK(points(world) == 0);
    sick = false;
    world.run(std::chrono::minutes(2));
    auto const healed = points(world);
    CHECK(healed > 55);
    world.run(seconds(10));
    CHECK(points(world) == healed + 10);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.by_reason.at(MissedReason::provider_wait) > 0);
}

TEST_CASE("ticks that find the quota spent are missed for that reason, and polling goes on when there is room") {
    World world;
    auto& provider = world.provider("p");
    SteadyTime const spent_until = world.time.steady_now() + seconds(40);
    provider.script = [&](auto const&) {
        Reply reply;
        auto const left = spent_until - world.time.steady_now();
        if (left > seconds(0)) reply.quota_wait = QuotaWait{QuotaUse::polls, std::chrono::ceil<seconds>(left)};
        return reply;
    };
    world.job("poll_a", {"AAPL"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(39));
    CHECK(provider.requests.empty());
    world.run(seconds(20));
    CHECK(provider.requests.size() >= 15);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.by_reason.at(MissedReason::quota) >= 30);
    CHECK(ledger.by_reason.count(MissedReason::provider_wait) == 0);
}

TEST_CASE("each job is polled from its own provider") {
    World world;
    world.provider("p");
    world.provider("q");
    world.job("poll_a", {"AAPL"}, 5, {"p"});
    world.job("poll_b", {"MSFT"}, 5, {"q"});
    world.start();
    world.run(seconds(30));
    for (auto const& request : world.provider("p").requests) CHECK(request.symbols.front() == symbol("AAPL"));
    for (auto const& request : world.provider("q").requests) CHECK(request.symbols.front() == symbol("MSFT"));
    CHECK(world.provider("p").requests.size() >= 6);
    CHECK(world.provider("q").requests.size() >= 6);
}

TEST_CASE("a target that two jobs share is fetched once, at the shorter interval, and again at the longer one once that job is paused") {
    World world;
    auto& provider = world.provider("p");
    world.job("poll_a", {"AAPL"}, 10, {"p"}).ticked = true;
    world.job("poll_b", {"AAPL"}, 2, {"p"}).ticked = true;
    world.start();
    world.run(seconds(40));
    CHECK(provider.requests.size() == 20);
    auto& fast = world.jobs.at("poll_b");
    fast.status = JobStatus::paused;
    fast.active_since = world.time.now();
    world.changed();
    world.run(seconds(40));
    CHECK(provider.requests.size() == 24);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(world.missed.empty());
}

TEST_CASE("pause stops the polling, resume goes on from then, cancel ends it") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 1, {"p"});
    world.start();
    world.run(seconds(10));
    job.status = JobStatus::paused;
    world.changed();
    world.run(milliseconds(100));
    auto const paused = provider.requests.size();
    world.run(seconds(60));
    CHECK(provider.requests.size() == paused);
    job.status = JobStatus::active;
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(10));
    CHECK(provider.requests.size() == paused + 11);  // at once, since it is overdue, and then in its time
    job.status = JobStatus::cancelled;
    world.changed();
    world.run(seconds(10));
    CHECK(provider.requests.size() <= paused + 11);
    CHECK(world.missed.empty());
}

TEST_CASE("run polls at once, and a paused job's targets as well, each request once") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL", "MSFT"}, 3600, {"p"});
    job.ticked = true;
    job.status = JobStatus::paused;
    world.start();
    world.run(seconds(5));
    CHECK(provider.requests.empty());
    ++job.run_requested;
    world.changed();
    world.run(seconds(5));
    CHECK(provider.requests.size() == 2);
    CHECK(job.run_done == 1);
    CHECK(job.status == JobStatus::paused);
    world.crash();
    world.start();
    world.run(seconds(5));
    CHECK(provider.requests.size() == 2);
}

TEST_CASE("a patched interval holds from the next tick on and leaves other jobs alone") {
    World world;
    world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 10, {"p"});
    job.ticked = true;
    world.job("poll_b", {"MSFT"}, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(100));
    auto const before = Ledger(world);
    job.config.interval = seconds(1);
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(100));
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(world.missed.empty());
    CHECK(ledger.groups.size() == 3);
    std::size_t msft = 0;
    std::size_t aapl = 0;
    for (auto const& observation : world.observations) {
        msft += observation.symbols.front() == symbol("MSFT");
        aapl += observation.symbols.front() == symbol("AAPL");
    }
    CHECK(msft == 20);
    CHECK(aapl == 110);
}

TEST_CASE("symbols that a change adds are polled at once, the others in their time") {
    World world;
    auto& provider = world.provider("p");
    auto& other = world.provider("q");
    auto& job = world.job("poll_a", {"AAPL", "MSFT"}, 86400, {"p"});
    world.start();
    world.run(seconds(1));
    REQUIRE(provider.requests.size() == 2);

    job.config.symbols = {symbol("MSFT"), symbol("TSLA")};
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(2));
    REQUIRE(provider.requests.size() == 3);
    CHECK(provider.requests[2].symbols == std::vector<Symbol>{symbol("TSLA")});

    job.config.providers = {"q"};
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(2));
    CHECK(provider.requests.size() == 3);
    CHECK(other.requests.size() == 2);

    job.config.symbols = {symbol("MSFT")};
    job.config.interval = seconds(43200);
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(2));
    CHECK(other.requests.size() == 2);
}

TEST_CASE("a symbol that a change adds while the store is away is polled once it is back") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 86400, {"p"});
    world.start();
    world.run(seconds(1));
    world.refuse_next = Error(ErrorCode::unavailable, "no store");
    job.config.symbols.push_back(symbol("TSLA"));
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(5));
    CHECK(provider.requests.size() == 3);
    CHECK(points(world) == 2);
}

TEST_CASE("down-time becomes one range per group and no storm") {
    World world;
    auto& provider = world.provider("p");
    for (int at = 0; at < 50; ++at) world.job("poll_" + std::to_string(at), {"S" + std::to_string(at)}, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(100));
    auto before_it = world.missed;
    world.crash();
    world.run(std::chrono::hours(2));
    auto const before = provider.requests.size();
    world.start();
    world.run(milliseconds(500));
    CHECK(provider.requests.size() - before < 10);
    world.run(seconds(100));
    std::erase_if(before_it, [](MissedRange const& range) { return range.reason != MissedReason::down_time; });
    CHECK(world.missed.size() == before_it.size() + 50);
    for (auto const& range : world.missed) CHECK(range.reason == MissedReason::down_time);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("a wall clock that jumps forward leaves one range per group, adds no tick and nothing is polled twice") {
    World world;
    auto& provider = world.provider("p");
    for (int at = 0; at < 20; ++at) world.job("poll_" + std::to_string(at), {"S" + std::to_string(at)}, 5, {"p"}).ticked = true;
    world.start();
    world.run(seconds(61));
    auto const before = provider.requests.size();
    world.time.jump(std::chrono::hours(1));
    world.run(seconds(60));
    CHECK(provider.requests.size() - before <= 20 * 13);
    CHECK(provider.requests.size() - before >= 20 * 11);
    REQUIRE(world.missed.size() == 20);
    for (auto const& range : world.missed) CHECK(range.reason == MissedReason::clock_jump);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("a wall clock that jumps back stops no polling and ends no tick twice, across a restart as well") {
    World world;
    auto& provider = world.provider("p");
    for (int at = 0; at < 20; ++at) world.job("poll_" + std::to_string(at), {"S" + std::to_string(at)}, 5, {"p"}).ticked = true;
    world.start();
    world.run(seconds(61));
    auto before = provider.requests.size();
    world.time.jump(-std::chrono::hours(1));
    world.run(seconds(60));
    CHECK(provider.requests.size() - before <= 20 * 12 + 4);
    CHECK(provider.requests.size() - before >= 20 * 11);
    world.crash();
    world.start();
    before = provider.requests.size();
    world.run(std::chrono::hours(1) + seconds(60));
    CHECK(provider.requests.size() - before >= 20 * 720);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() <= 20);
    auto const marks = std::ranges::count_if(world.missed, [](MissedRange const& one) { return one.reason == MissedReason::clock_jump && one.ticks == 0; });
    CHECK(marks == 20);
}

TEST_CASE("while the store is away nothing is lost but recorded, and polling goes on by itself") {
    World world;
    auto& provider = world.provider("p");
    for (int at = 0; at < 10; ++at) world.job("poll_" + std::to_string(at), {"S" + std::to_string(at)}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(30));
    world.store_up = false;
    world.run(seconds(5));
    world.store_accepts = false;
    world.run(seconds(60));
    auto const away = provider.requests.size();
    world.run(seconds(60));
    CHECK(provider.requests.size() == away);
    world.store_up = true;
    world.store_accepts = true;
    world.run(seconds(30));
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.by_reason.at(MissedReason::store_down) >= 10 * 115);
    CHECK(world.missed.size() <= 20);
    CHECK(provider.requests.size() - away >= 10 * 28);
}

TEST_CASE("an answer that ingest cannot take ends its tick as missed; one that it will never take as failed") {
    World world;
    world.provider("p");
    world.job("poll_a", {"AAPL"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(10));
    world.refuse_next = Error(ErrorCode::unavailable, "full");
    world.run(seconds(10));
    world.refuse_next = Error(ErrorCode::invalid_argument, "never");
    world.run(seconds(10));
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.by_reason.at(MissedReason::store_down) == 1);
    auto const refused = std::ranges::count_if(world.observations, [](Observation const& one) { return one.results[0].reject() != nullptr; });
    CHECK(refused == 1);
}

TEST_CASE("Retry-After is kept by every group of the provider, and across a restart") {
    World world;
    auto& provider = world.provider("p");
    provider.script = [&](auto const&) {
        Reply reply;
        if (provider.requests.size() == 1) {
            reply.all = Outcome::rate_limited;
            reply.retry_after = seconds(600);
        }
        return reply;
    };
    for (int at = 0; at < 5; ++at) world.job("poll_" + std::to_string(at), {"S" + std::to_string(at)}, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(60));
    REQUIRE(provider.requests.size() == 1);
    world.crash();
    world.run(seconds(60));
    world.start();
    world.run(seconds(470));
    CHECK(provider.requests.size() == 1);
    world.run(seconds(60));
    CHECK(provider.requests.size() > 5);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("a failing first provider hands its tick to the next one, and the point names who answered") {
    World world;
    world.provider("p").script = [](auto const&) { return Reply{milliseconds(20), Outcome::unavailable, {}, {}, true}; };
    world.provider("q");
    world.job("poll_a", {"AAPL"}, 10, {"p", "q"}).ticked = true;
    world.start();
    world.run(seconds(300));
    CHECK(points(world) == 30);
    CHECK(world.provider("p").requests.size() < 30);
    for (auto const& observation : world.observations) {
        CHECK(observation.settles_tick == (observation.provider == "q"));
    }
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("one bad symbol does not spoil the rest of its batch, and stands alone from the next tick on") {
    World world;
    auto& provider = world.provider("p", 64);
    provider.script = [](std::vector<Symbol> const& symbols) {
        Reply reply;
        bool const has_bad = std::ranges::find(symbols, symbol("BAD")) != symbols.end();
        if (has_bad) reply.all = symbols.size() == 1 ? Outcome::unknown_symbol : Outcome::bad_symbol_in_batch;
        return reply;
    };
    std::vector<std::string> symbols{"BAD"};
    for (int at = 0; at < 49; ++at) symbols.push_back("S" + std::to_string(at));
    world.job("poll_a", symbols, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(10));
    CHECK(points(world) == 49);
    auto const first = provider.requests.size();
    CHECK(first <= 13);
    world.run(seconds(10));
    CHECK(points(world) == 98);
    CHECK(provider.requests.size() == first + 2);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
}

TEST_CASE("a bad symbol that the answer names stands alone from the next tick on, an unknown one that spoils nothing does not") {
    World world;
    auto& provider = world.provider("p", 64);
    provider.script = [](std::vector<Symbol> const& symbols) {
        Reply reply;
        reply.rejects = {{symbol("NEW"), Outcome::unknown_symbol}};
        if (std::ranges::find(symbols, symbol("BAD")) == symbols.end()) return reply;
        reply.all = Outcome::bad_symbol_in_batch;
        reply.rejects = {{symbol("BAD"), Outcome::unknown_symbol}};
        return reply;
    };
    world.job("poll_a", {"A", "BAD", "C", "NEW"}, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(10));
    CHECK(points(world) == 2);
    CHECK(provider.requests.size() == 2);
    world.run(seconds(10));
    CHECK(points(world) == 4);
    CHECK(provider.requests.size() == 4);
    CHECK(provider.requests[2].symbols.size() == 3);
}

TEST_CASE("a provider without its key makes its targets fail with the name of the variable and then waits") {
    World world;
    world.provider("p").traits_.missing_secret = "P_KEY";
    world.job("poll_a", {"AAPL"}, 1, {"p"});
    world.start();
    world.run(std::chrono::minutes(10));
    CHECK(world.provider("p").requests.empty());
    REQUIRE_FALSE(world.observations.empty());
    auto const* const reject = world.observations[0].results[0].reject();
    REQUIRE(reject != nullptr);
    CHECK(reject->outcome == Outcome::auth);
    CHECK(reject->reason.find("P_KEY") != std::string::npos);
    CHECK(world.jobs.at("poll_a").status == JobStatus::active);
    CHECK(world.observations.size() < 100);
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
}

TEST_CASE("stopping finishes what is under way and starts nothing") {
    World world;
    auto& provider = world.provider("p");
    provider.script = [](auto const&) { return Reply{milliseconds(3000), {}, {}, {}, true}; };
    world.job("poll_a", {"AAPL"}, 5, {"p"}).ticked = true;
    world.start();
    while (provider.in_flight == 0) world.run(milliseconds(100));
    world.driver->interrupt();
    world.run(milliseconds(10));
    CHECK_FALSE(world.driver->health().ready);
    CHECK_FALSE(world.driver->drain(SteadyTime{}));
    auto const stored = world.observations.size();
    world.run(seconds(30));
    CHECK(world.observations.size() == stored + 1);
    CHECK(world.driver->drain(SteadyTime{}));
    CHECK(provider.requests.size() == stored + 1);
}

TEST_CASE("ticks that came due while the process was held up are on record although their group ends with the next plan") {
    World world;
    world.provider("p");
    auto& job = world.job("poll_a", {"A"}, 1, {"p"});
    world.start();
    world.run(seconds(5));
    job.status = JobStatus::cancelled;
    world.changed();
    world.hold_up(seconds(20));
    world.run(seconds(3));
    world.stop();
    Ledger const ledger(world);
    REQUIRE(ledger.groups.size() == 1);
    auto const& ends = ledger.groups.begin()->second.ends;
    CHECK(ends.size() >= 24);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.twice() == 0);
}

TEST_CASE("symbols whose turn does not come before the next tick are on record, and have it at the next one") {
    World world;
    auto& slow = world.provider("p", 4);
    slow.script = [](std::vector<Symbol> const& symbols) {
        Reply reply;
        if (symbols.size() > 1) reply.all = Outcome::bad_symbol_in_batch;  // from now on each is asked for alone
        else reply.latency = milliseconds(1500);
        return reply;
    };
    world.job("poll_a", {"A", "B", "C", "D"}, 2, {"p"}).ticked = true;
    world.start();
    world.run(seconds(61));
    world.stop();
    std::map<UtcTime, std::set<Symbol>> ticks;
    std::map<Symbol, int> prices;
    for (auto const& observation : world.observations) {
        for (auto const& result : observation.results) {
            if (observation.tick) ticks[observation.tick->due].insert(result.symbol);
            if (result.quote() != nullptr) ++prices[result.symbol];
        }
    }
    CHECK(ticks.size() > 10);
    for (auto const& [due, symbols] : ticks) CHECK(symbols.size() == 4);
    for (auto const* const name : {"A", "B", "C", "D"}) CHECK(prices[symbol(name)] >= 3);
    CHECK(Ledger(world).twice() == 0);
}

TEST_CASE("a stop ends every wait at once: for the store, for a provider, for the next try") {
    World world;
    world.options.requests_per_provider = 1;
    auto& busy = world.provider("p");
    auto& sick = world.provider("q");
    sick.script = [](auto const&) { return Reply{milliseconds(20), Outcome::unavailable, {}, {}, true}; };
    world.job("poll_a", {"A", "B", "C"}, 5, {"p"}).ticked = true;
    world.job("poll_b", {"D"}, 60, {"q"}).ticked = true;
    world.options.fetch.steps.back_off.base = seconds(20);
    world.options.fetch.steps.back_off.cap = seconds(20);
    busy.script = [](auto const&) { return Reply{milliseconds(2000), {}, {}, {}, true}; };
    world.start();
    while (sick.requests.empty() || busy.in_flight == 0) world.run(milliseconds(100));
    world.store_up = false;
    world.run(seconds(30));
    world.driver->interrupt();
    world.run(milliseconds(2500));
    world.store_up = true;  // the tasks whose answers wait in ingest are ingest's to end
    world.run(milliseconds(50));
    CHECK(world.driver->drain(SteadyTime{}));
    CHECK_FALSE(world.poll_timer->anybody_sleeps());
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
}

TEST_CASE("ticks that could not be recorded before a stop are down-time to the next start, none of them ends twice") {
    World world;
    auto& provider = world.provider("p");
    world.job("poll_a", {"A"}, 1, {"p"}).ticked = true;
    provider.script = [](auto const&) { return Reply{milliseconds(700), {}, {}, {}, true}; };
    world.start();
    world.run(seconds(5));
    world.store_up = false;
    world.run(seconds(20));
    world.driver->interrupt();
    world.run(seconds(3));
    world.store_up = true;
    world.stop();
    world.start();
    world.run(seconds(10));
    world.stop();
    Ledger const ledger(world);
    CHECK(ledger.twice() == 0);
    CHECK(ledger.holes() == 0);
    CHECK(ledger.missed >= 18);
}

TEST_CASE("a fault of the poller's own costs its tick, is counted, and leaves the provider's slot free") {
    World world;
    world.options.requests_per_provider = 1;
    auto& provider = world.provider("p");
    world.job("poll_a", {"A"}, 1, {"p"}).ticked = true;
    world.start();
    world.run(seconds(3));
    world.break_next = true;
    world.run(seconds(5));
    CHECK(metric(world, "mds_poller_faults_total") == 1);
    CHECK(provider.requests.size() >= 7);
    world.stop();
    CHECK(Ledger(world).holes() == 0);
}

TEST_CASE("a Retry-After that a read was told is kept across a restart, as a poll's is") {
    World world;
    auto& provider = world.provider("p");
    world.job("poll_a", {"A"}, 10, {"p"}).ticked = true;
    world.start();
    world.run(seconds(15));
    auto const before = provider.requests.size();
    FetchAnswer read;
    read.results.emplace_back(symbol("B"), Reject(Outcome::rate_limited, "scripted"));
    read.retry_after = seconds(600);
    CHECK(world.holds.note("p", read, world.time.steady_now()));
    world.run(seconds(60));
    CHECK(provider.requests.size() == before);
    world.crash();
    world.start();
    world.run(seconds(530));
    CHECK(provider.requests.size() == before);
    world.run(seconds(60));
    CHECK(provider.requests.size() > before);
}

TEST_CASE("no waiter goes to a provider between its refusal and the wait that it asks for") {
    World world;
    world.options.requests_per_provider = 1;
    auto& provider = world.provider("p");
    provider.script = [](auto const&) {
        Reply reply;
        reply.all = Outcome::rate_limited;
        reply.retry_after = seconds(600);
        return reply;
    };
    world.job("poll_a", {"A", "B", "C", "D"}, 10, {"p"});
    world.start();
    world.run(seconds(60));
    CHECK(provider.requests.size() == 1);
}

TEST_CASE("a symbol that a change adds is polled at once after a crash as well") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 86400, {"p"});
    world.start();
    world.run(seconds(1));
    world.store_accepts = false;
    job.config.symbols.push_back(symbol("TSLA"));
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(5));
    REQUIRE(provider.requests.size() == 1);
    world.crash();
    world.store_accepts = true;
    world.start();
    world.run(seconds(5));
    REQUIRE(provider.requests.size() == 2);
    CHECK(provider.requests[1].symbols == std::vector<Symbol>{symbol("TSLA")});
    world.crash();
    world.start();
    world.run(seconds(5));
    CHECK(provider.requests.size() == 2);
}

TEST_CASE("a symbol that a change adds to a job which is then paused is polled at once when it is resumed") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 86400, {"p"});
    world.start();
    world.run(seconds(1));
    world.store_accepts = false;
    job.config.symbols.push_back(symbol("TSLA"));
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(5));
    job.status = JobStatus::paused;
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(5));
    world.store_accepts = true;
    world.run(seconds(5));
    REQUIRE(provider.requests.size() == 1);
    job.status = JobStatus::active;
    job.active_since = world.time.now();
    world.changed();
    world.run(seconds(5));
    REQUIRE(provider.requests.size() == 2);
    CHECK(provider.requests[1].symbols == std::vector<Symbol>{symbol("TSLA")});
}

TEST_CASE("a job that was paused for longer than its interval is polled at once when it is resumed") {
    World world;
    auto& provider = world.provider("p");
    auto& job = world.job("poll_a", {"AAPL"}, 3600, {"p"});
    world.start();
    world.run(seconds(1));
    auto pause_for = [&](seconds length) {
        job.status = JobStatus::paused;
        job.active_since = world.time.now();
        world.changed();
        world.run(length);
        job.status = JobStatus::active;
        job.active_since = world.time.now();
        world.changed();
        auto const before = provider.requests.size();
        world.run(seconds(2));
        return provider.requests.size() - before;
    };
    CHECK(pause_for(seconds(4000)) == 1);
    CHECK(pause_for(seconds(10)) == 0);
}
