// F25: what a power cut, or a kill, at any write of the store leaves behind.

#include "integration/store/sqlite_under_test.hpp"
#include "support/catch.hpp"
#include "support/forgetful_vfs.hpp"
#include "support/store_conformance.hpp"

#include "adapters/sqlite/connection.hpp"

#include <set>

namespace mds::test {
namespace {

/// A store on a disk that forgets.
struct World {
    ScratchDirectory directory;
    ForgetfulDisk disk;
    support::Metrics metrics;
    sqlite::Durability durability = sqlite::Durability::full;
    std::unique_ptr<sqlite::Store> store;

    void open() {
        sqlite::StoreOptions options;
        options.directory = directory.path();
        options.vfs = disk.name();
        options.durability = durability;
        options.checkpoint_pages = 24;  // so that a few commits see checkpoints as well
        store = std::make_unique<sqlite::Store>(options, support::Log::silent(), metrics);
    }
};

std::vector<Observation> batch_of(std::uint64_t number) {
    auto const time = static_cast<std::int64_t>(number);
    return {observation(2 * number, {{"AAPL", "150.25"}, {"MSFT", ""}, {"IBM", "3"}}, time),
            observation(2 * number + 1, {{"AAPL", "151"}}, time)};
}

/// Commits batches until the disk dies, at most `most`. The raw ids that were acknowledged.
std::set<Uuid> commit_until_dark(World& world, std::uint64_t most, std::uint64_t first = 1) {
    std::set<Uuid> acknowledged;
    for (std::uint64_t number = first; number < first + most; ++number) {
        auto const batch = batch_of(number);
        if (!world.store->ingest().commit(batch)) break;
        for (Observation const& stored : batch) acknowledged.insert(stored.raw_id);
    }
    return acknowledged;
}

/// How many of the acknowledged rows are missing, all of them where the file cannot be used.
std::size_t missing(World& world, std::set<Uuid> const& acknowledged) {
    Shell shell(world.directory.database());
    std::size_t lost = 0;
    for (Uuid const& id : acknowledged) {
        std::string const hex =
            shell.one("SELECT hex(id) FROM raw_market_data WHERE lower(hex(id)) = replace('" + id.to_string() + "', '-', '')");
        if (hex.size() != 32) ++lost;
    }
    return lost;
}

/// I2, I3, I4 and SQLite's own check.
void check_tables(World& world) {
    Shell shell(world.directory.database());
    CHECK(shell.one("SELECT integrity_check FROM pragma_integrity_check") == "ok");
    CHECK(shell.one("SELECT count(*) FROM series s WHERE last_seq <> (SELECT count(*) FROM price_points WHERE series_id = s.id) "
                    "OR last_seq <> coalesce((SELECT max(seq) FROM price_points WHERE series_id = s.id), 0)") == "0");
    CHECK(shell.one("SELECT count(*) FROM price_points WHERE raw_data_id NOT IN (SELECT id FROM raw_market_data)") == "0");
    CHECK(shell.one("SELECT count(*) FROM raw_market_data r, json_each(r.symbols) j WHERE 1 <> "
                    "(SELECT count(*) FROM price_points p JOIN series s ON s.id = p.series_id "
                    "WHERE p.raw_data_id = r.id AND s.symbol = j.value) + "
                    "(SELECT count(*) FROM fetch_outcomes o WHERE o.fetch_id = r.id AND o.symbol = j.value)") == "0");
    CHECK(shell.one("SELECT count(*) FROM outbox") == shell.one("SELECT count(*) FROM price_points"));
    CHECK(shell.one("SELECT coalesce(max(position), 0) FROM outbox") == shell.one("SELECT position FROM outbox_head"));
}

constexpr std::uint64_t batches = 5;

std::int64_t calls_of_all_batches() {
    World world;
    world.open();
    std::int64_t const before = world.disk.calls();
    REQUIRE(commit_until_dark(world, batches).size() == 2 * batches);
    return world.disk.calls() - before;
}

}  // namespace

TEST_CASE("nothing acknowledged is lost, whichever write the power or the process ends at") {
    std::int64_t const calls = calls_of_all_batches();
    REQUIRE(calls > 100);
    for (Aftermath const aftermath : {Aftermath::kill, Aftermath::unsynced, Aftermath::random}) {
        for (std::int64_t nth = 1; nth <= calls; ++nth) {
            World world;
            world.open();
            world.disk.fail_at(nth, DiskFault::power);
            auto const acknowledged = commit_until_dark(world, batches);
            world.store.reset();
            world.disk.power_on(aftermath, static_cast<std::uint64_t>(nth));
            CAPTURE(static_cast<int>(aftermath), nth);
            world.open();
            CHECK(missing(world, acknowledged) == 0);
            check_tables(world);
            // The batch whose outcome nobody knew is sent again, and what comes after it.
            auto const rest = commit_until_dark(world, batches + 1);
            REQUIRE(rest.size() == 2 * (batches + 1));
            check_tables(world);
        }
    }
}

TEST_CASE("a store whose making was cut short is made at the next start") {
    std::int64_t calls = 0;
    {
        World world;
        world.open();
        calls = world.disk.calls();
    }
    for (Aftermath const aftermath : {Aftermath::kill, Aftermath::unsynced, Aftermath::random}) {
        for (std::int64_t nth = 1; nth <= calls; nth += 3) {
            World world;
            world.disk.fail_at(nth, DiskFault::power);
            CAPTURE(static_cast<int>(aftermath), nth);
            CHECK_THROWS_AS(world.open(), std::runtime_error);
            world.disk.power_on(aftermath, static_cast<std::uint64_t>(nth));
            REQUIRE_NOTHROW(world.open());
            CHECK(commit_until_dark(world, 1).size() == 2);
            check_tables(world);
        }
    }
}

TEST_CASE("without synchronous=FULL the same power cut loses what was acknowledged") {
    std::int64_t const calls = calls_of_all_batches();
    std::size_t lost = 0;
    for (std::int64_t nth = calls / 2; nth <= calls / 2 + 20; ++nth) {
        World world;
        world.open();  // the tables themselves are safe
        world.store.reset();
        world.durability = sqlite::Durability::off;
        world.open();
        world.disk.fail_at(nth, DiskFault::power);
        auto const acknowledged = commit_until_dark(world, batches);
        world.store.reset();
        world.disk.power_on(Aftermath::unsynced, 1);
        lost += missing(world, acknowledged);
    }
    CHECK(lost > 0);
}

TEST_CASE("a commit is one sync of the log, whatever its size") {
    World world;
    world.open();
    commit_until_dark(world, 1);
    std::vector<Observation> batch;
    for (std::uint64_t number = 100; number < 104; ++number) batch.push_back(observation(number, {{"AAPL", "1"}}));
    std::int64_t const before = world.disk.syncs();
    REQUIRE(world.store->ingest().commit(batch).has_value());
    CHECK(world.disk.syncs() - before == 1);
}

TEST_CASE("a disk that fails at any write acknowledges nothing, says so, and goes on once it works") {
    for (DiskFault const fault : {DiskFault::full, DiskFault::io_error, DiskFault::short_write}) {
        for (std::int64_t nth = 1; nth <= 25; ++nth) {
            World world;
            world.open();
            commit_until_dark(world, 1);
            world.disk.fail_at(nth, fault);
            CAPTURE(static_cast<int>(fault), nth);
            auto const before = world.store->ingest().commit(batch_of(2));
            if (before.has_error()) {
                CHECK(before.error().code == ErrorCode::unavailable);
                CHECK(before.error().message.find("disk") != std::string::npos);
                CHECK_FALSE(world.store->monitor().store_health().ready);
            }
            world.disk.heal();
            auto const receipt = world.store->ingest().commit(batch_of(2));
            REQUIRE(receipt.has_value());
            CHECK(receipt->points[0][0].seq == 3);
            CHECK(receipt->repeated == (before.has_error() ? 0U : 2U));
            CHECK(world.store->monitor().store_health().ready);
            check_tables(world);
        }
    }
}

}  // namespace mds::test
