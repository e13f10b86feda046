// Seeded worlds: random jobs, changes, latencies, failures, outages, crashes and clock jumps. The ledger stays exact in all of them.
#include "poll_world.hpp"

#include "support/catch.hpp"

#include <cstdlib>

using namespace mds;
using namespace mds::polltest;

namespace {

struct Story {
    World world;
    std::mt19937_64 dice;
    bool jumped = false;
    bool moved = false;  ///< targets changed places: groups may have come and gone
    int next_job = 0;

    explicit Story(std::uint64_t seed) : world(seed), dice(seed * 7919) {}

    std::uint64_t roll(std::uint64_t sides) { return dice() % sides; }

    std::vector<std::string> some_symbols() {
        std::set<std::string> chosen;
        for (auto count = 1 + roll(12); count > 0; --count) chosen.insert("S" + std::to_string(roll(40)));
        return {chosen.begin(), chosen.end()};
    }

    Reply reply() {
        static constexpr Outcome outcomes[] = {Outcome::unavailable, Outcome::timeout, Outcome::rate_limited, Outcome::unknown_symbol,
                                               Outcome::malformed, Outcome::no_data, Outcome::bad_symbol_in_batch, Outcome::auth};
        Reply made;
        made.latency = milliseconds(1 + roll(roll(10) == 0 ? 20'000 : 300));
        if (roll(4) == 0) made.all = outcomes[roll(std::size(outcomes))];
        if (made.all == Outcome::rate_limited && roll(2) == 0) made.retry_after = seconds(roll(20));
        made.answered = roll(5) != 0;
        if (!made.answered && !made.all) made.all = Outcome::unavailable;
        return made;
    }

    void begin() {
        for (auto const* const name : {"p", "q", "r"}) {
            world.provider(name, std::size_t{1} << roll(4)).script = [this](auto const&) { return reply(); };
        }
        world.options.requests_per_provider = 1 + roll(6);
        for (auto count = 1 + roll(4); count > 0; --count) add_job();
        world.start();
    }

    void add_job() {
        std::vector<std::string> list{std::string(1, static_cast<char>('p' + roll(3)))};
        if (roll(3) == 0 && list[0] != "q") list.emplace_back("q");
        auto& job = world.job("poll_" + std::to_string(next_job++), some_symbols(), static_cast<int>(1 + roll(8)), list);
        job.ticked = roll(2) == 0;
        if (job.ticked) job.status = JobStatus::active;
    }

    void change_job() {
        auto chosen = world.jobs.begin();
        std::advance(chosen, roll(world.jobs.size()));
        Job& job = chosen->second;
        if (job.status == JobStatus::cancelled) return;
        moved = true;
        switch (roll(5)) {
            case 0: job.status = JobStatus::cancelled; break;
            case 1: job.status = JobStatus::paused; break;
            case 2:
                job.status = job.ticked ? JobStatus::active : JobStatus::accepted;
                job.active_since = world.time.now();
                break;
            case 3:
                job.config.interval = seconds(1 + roll(8));
                job.active_since = world.time.now();
                break;
            default: ++job.run_requested; break;
        }
    }

    void something() {
        switch (roll(12)) {
            case 0: add_job(), moved = true; break;
            case 1:
            case 2: change_job(); break;
            case 3: world.store_up = !world.store_up; return;
            case 4: world.store_accepts = !world.store_accepts; return;
            case 5:
                world.crash();
                world.run(seconds(roll(30)));
                world.start();
                return;
            case 6:
                world.stop();
                world.start();
                return;
            case 7:
                if (roll(4) != 0) return;
                jumped = true;
                world.time.jump(seconds(static_cast<std::int64_t>(roll(200)) - 100));
                return;
            case 8: world.refuse_next = Error(roll(2) == 0 ? ErrorCode::unavailable : ErrorCode::invalid_argument, "scripted"); return;
            default: return;
        }
        world.changed();
    }

    void tell() {
        begin();
        for (int at = 0; at < 25; ++at) {
            world.run(milliseconds(100 + roll(4000)));
            something();
        }
        world.store_up = true;
        world.store_accepts = true;
        world.run(seconds(60));
        world.stop();
    }
};

/// What ought to be polled, told from the jobs alone: per target the times from when on it has which interval (0: none).
class Demand {
public:
    using Key = std::pair<std::string, Symbol>;

    void note(World const& world) {
        std::map<Key, int> wanted;
        for (auto const& [id, job] : world.jobs) {
            if (job.status != JobStatus::accepted && job.status != JobStatus::active) continue;
            for (auto const& one : job.config.symbols) {
                int& interval = wanted[Key(list_of(job), one)];
                int const own = static_cast<int>(job.config.interval.count());
                interval = interval == 0 ? own : std::min(interval, own);
            }
        }
        for (auto const& [key, history] : periods_) wanted.try_emplace(key, 0);
        for (auto const& [key, interval] : wanted) {
            auto& history = periods_[key];
            if (history.empty() || history.back().second != interval) history.emplace_back(world.time.now(), interval);
        }
    }

    /// The longest time that a target went without an end of a tick, in its intervals. A group that is dealt anew changes its phase, so
    /// it may be more than one.
    double worst(World const& world, UtcTime until) const {
        std::map<Key, std::set<UtcTime>> ends;
        std::set<std::pair<std::string, UtcTime>> settled;
        for (auto const& observation : world.observations) {
            if (observation.settles_tick) settled.emplace(observation.tick->group, observation.tick->due);
        }
        auto end = [&](std::string const& group, Symbol const& one, UtcTime due) {
            ends[Key(group.substr(0, group.find('@')), one)].insert(due);
        };
        for (auto const& observation : world.observations) {
            if (!observation.tick || !settled.contains(std::pair(observation.tick->group, observation.tick->due))) continue;
            for (auto const& one : observation.symbols) end(observation.tick->group, one, observation.tick->due);
        }
        for (auto const& range : world.missed) {
            for (UtcTime due = range.first; due <= range.last; due += range.interval) {
                for (auto const& one : range.symbols) end(range.group, one, due);
            }
        }
        // A group dealt anew catches up outside the ledger.
        for (auto const& observation : world.observations) {
            if (observation.tick || observation.cause != FetchCause::schedule) continue;
            for (auto const& [key, history] : periods_) {
                bool const asked = std::ranges::find(observation.symbols, key.second) != observation.symbols.end();
                if (asked && key.first.find(observation.provider) != std::string::npos) ends[key].insert(observation.fetched_at);
            }
        }
        double longest = 0;
        for (auto const& [key, history] : periods_) {
            for (std::size_t at = 0; at < history.size(); ++at) {
                auto const [from, interval] = history[at];
                if (interval == 0) continue;
                UtcTime const to = at + 1 < history.size() ? history[at + 1].first : until;
                UtcTime last = from;
                auto const found = ends.find(key);
                if (found != ends.end()) {
                    for (auto due = found->second.upper_bound(from); due != found->second.end() && *due < to; ++due) {
                        longest = std::max(longest, std::chrono::duration<double>(*due - last).count() / interval);
                        last = *due;
                    }
                }
                longest = std::max(longest, std::chrono::duration<double>(to - last).count() / interval);
            }
        }
        return longest;
    }

private:
    static std::string list_of(Job const& job) {
        std::string list;
        for (auto const& name : job.config.providers) list += (list.empty() ? "" : ",") + name;
        return list;
    }
    std::map<Key, std::vector<std::pair<UtcTime, int>>> periods_;
};

std::uint64_t environment(char const* name, std::uint64_t otherwise) {
    char const* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever happens, every due tick ends exactly once", "[simulation]") {
    std::uint64_t const first = environment("MDS_SEED", 1);
    std::uint64_t const count = environment("MDS_SEEDS", 300);
    std::size_t settled = 0;
    std::size_t missed = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Story story(seed);
        story.tell();
        Ledger const ledger(story.world);
        settled += ledger.settled;
        missed += ledger.missed;
        INFO("replay with MDS_SEED=" << seed << " MDS_SEEDS=1");
        REQUIRE(ledger.twice() == 0);
        if (!story.moved && !story.jumped) REQUIRE(ledger.holes() == 0);
        for (auto const& [name, provider] : story.world.providers) {
            REQUIRE(provider->most_in_flight <= story.world.options.requests_per_provider);
        }
    }
    CHECK(settled > count * 20);
    CHECK(missed > count * 20);
}

TEST_CASE("whatever jobs come, change and go, no target is left unpolled", "[simulation]") {
    std::uint64_t const first = environment("MDS_SEED", 1);
    std::uint64_t const count = environment("MDS_SEEDS", 300);
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        INFO("replay with MDS_SEED=" << seed << " MDS_SEEDS=1");
        Story story(seed);
        Demand demand;
        story.begin();
        demand.note(story.world);
        for (int at = 0; at < 25; ++at) {
            story.world.run(milliseconds(2000 + story.roll(8000)));
            if (story.roll(2) == 0) story.add_job();
            else story.change_job();
            story.world.changed();
            demand.note(story.world);
        }
        story.world.run(seconds(60));
        UtcTime const until = story.world.time.now();
        story.world.stop();
        REQUIRE(Ledger(story.world).twice() == 0);
        // A group dealt anew has another phase: up to two intervals, then it catches up. Where a Retry-After or a request under way
        // forbids just that, which the ledger does not count, its next tick is one interval later.
        REQUIRE(demand.worst(story.world, until) <= 3);
    }
}
