#include "support/catch.hpp"

#include "services/retention.hpp"
#include "support/metrics.hpp"

#include <vector>

using namespace mds;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

class FixedClock final : public Clock {
public:
    UtcTime now() const noexcept override { return UtcTime(hours(10'000)); }
    SteadyTime steady_now() const noexcept override { return {}; }
};

/// Rows by age; removes the oldest first.
struct Rows final : OutboxPruner, RawRetention {
    std::vector<UtcTime> events;
    std::vector<UtcTime> raw;
    bool away = false;

    Result<std::size_t> prune(UtcTime older_than, std::size_t max) override { return remove(events, older_than, max); }
    Result<std::size_t> prune_raw(UtcTime older_than, std::size_t max) override { return remove(raw, older_than, max); }

private:
    Result<std::size_t> remove(std::vector<UtcTime>& rows, UtcTime older_than, std::size_t max) const {
        if (away) return Error(ErrorCode::unavailable, "away");
        std::size_t removed = 0;
        while (removed < max && !rows.empty() && rows.front() < older_than) {
            rows.erase(rows.begin());
            ++removed;
        }
        return removed;
    }
};

struct World {
    FixedClock clock;
    Rows rows;
    support::Metrics metrics;
    RetentionOptions options;

    World() {
        for (int age = 100; age > 0; --age) {
            rows.events.push_back(clock.now() - std::chrono::minutes(age));
            rows.raw.push_back(clock.now() - hours(age));
        }
        options.max_batch = 25;
    }
    Retention make() { return Retention(rows, rows, clock, support::Log::silent(), metrics, options); }
};

}  // namespace

TEST_CASE("outbox entries go after an hour, in batches with a pause between them") {
    World world;
    auto retention = world.make();
    CHECK(retention.step() == milliseconds(20));
    CHECK(world.rows.events.size() == 75);
    CHECK(retention.step() == milliseconds(30'000));
    CHECK(world.rows.events.size() == 60);
    CHECK(world.metrics.render().find("mds_retention_events_removed_total 40\n") != std::string::npos);
}

TEST_CASE("raw rows stay for ever unless an age is set") {
    World world;
    world.rows.events.clear();
    CHECK(world.make().step() == milliseconds(30'000));
    CHECK(world.rows.raw.size() == 100);
    world.options.keep_raw = hours(90);
    CHECK(world.make().step() == milliseconds(30'000));
    CHECK(world.rows.raw.size() == 90);
}

TEST_CASE("a store that is away is asked again in the next round, and counted") {
    World world;
    world.rows.away = true;
    auto retention = world.make();
    CHECK(retention.step() == milliseconds(30'000));
    world.rows.away = false;
    CHECK(retention.step() == milliseconds(20));
    CHECK(world.metrics.render().find("mds_retention_failures_total 1\n") != std::string::npos);
}
