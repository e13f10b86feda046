// A tick ends in the term of the lease by which it was polled, or is another poller's.
#include "integration/postgres/ingest_load.hpp"
#include "support/catch.hpp"
#include "support/loop.hpp"

#include <future>
#include <optional>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

struct Fenced {
    template <class T>
    static Awaitable<std::optional<Result<T>>> boxed(Task<T> task) {
        auto result = co_await std::move(task);
        co_return std::optional<Result<T>>(std::move(result));
    }
    /// What `owner` holds after a round: the term of the one lease; 0: nothing.
    std::int64_t claim(std::string const& owner) {
        auto const round = *loop.run(boxed(store->leases()->renew(owner, {"shard"}, 15s)));
        REQUIRE(round.has_value());
        return round->held.empty() ? 0 : round->held.front().term;
    }
    void expire() {
        REQUIRE(shell.run("UPDATE poll_leases SET expires = clock_timestamp() - interval '1 s'"));
        REQUIRE(shell.run("UPDATE poll_owners SET expires = clock_timestamp() - interval '1 s'"));
    }
    static Observation tick(std::uint64_t number, std::int64_t term) {
        auto made = observation(number, {{"AAPL", "1.5"}, {"NONE", ""}}, static_cast<std::int64_t>(number));
        Tick tick;
        tick.group = "group";
        tick.due = at(static_cast<std::int64_t>(number));
        tick.lease = "shard";
        tick.term = term;
        made.tick = tick;
        made.settles_tick = true;
        return made;
    }
    std::string ticks() {
        return shell.all(
            "SELECT extract(epoch FROM r.tick_due)::bigint - 1700000000, p.seq FROM raw_market_data r JOIN price_points p "
            "ON p.raw_data_id = r.id ORDER BY p.seq");
    }
    std::string settled() { return shell.all("SELECT extract(epoch FROM last_settled)::bigint - 1700000000 FROM poll_progress"); }

    Loop loop;
    PostgresDatabase database;
    support::Metrics metrics;
    std::unique_ptr<postgres::Store> store = open_store(database.url(), metrics);
    PostgresShell shell{database.url()};
};

}  // namespace

TEST_CASE("fence: a tick in the lease's term ends, also once the lease has expired and nobody took it") {
    Fenced f;
    REQUIRE(f.claim("one") == 1);
    REQUIRE(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(1, 1)}).has_value());
    f.expire();
    REQUIRE(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(2, 1)}).has_value());
    CHECK(f.ticks() == "1|1\n2|2");
    CHECK(f.settled() == "2");
}

TEST_CASE("fence: what waited until another poller had the lease keeps its prices and ends no tick") {
    Fenced f;
    REQUIRE(f.claim("one") == 1);
    REQUIRE(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(1, 1)}).has_value());
    f.expire();
    REQUIRE(f.claim("two") == 2);
    // Together with what the new owner polled, as one process's batch never is: each by its own term.
    auto const receipt = f.store->ingest().commit(std::vector<Observation>{Fenced::tick(2, 1), Fenced::tick(3, 2)});
    REQUIRE(receipt.has_value());
    CHECK(receipt->points[0].size() == 1);
    CHECK(f.ticks() == "1|1\n|2\n3|3");
    CHECK(f.settled() == "3");
    CHECK(f.shell.all("SELECT count(*), count(tick_due) FROM fetch_outcomes") == "3|2");
    CHECK(f.metrics.render().find("mds_postgres_ticks_fenced_total 1") != std::string::npos);
    // Sent again after an unknown end: stored once.
    CHECK(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(2, 1)})->repeated == 1);
    CHECK(f.ticks() == "1|1\n|2\n3|3");
}

TEST_CASE("fence: an owner that came back in a later term does not end ticks of its former one") {
    Fenced f;
    REQUIRE(f.claim("one") == 1);
    f.expire();
    REQUIRE(f.claim("one") == 2);
    REQUIRE(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(1, 1)}).has_value());
    CHECK(f.ticks() == "|1");
    CHECK(f.settled().empty());
}

TEST_CASE("fence: nobody takes a lease over while a commit in its term is under way") {
    Fenced f;
    REQUIRE(f.claim("one") == 1);
    REQUIRE(f.store->ingest().commit(std::vector<Observation>{Fenced::tick(1, 1)}).has_value());
    f.expire();
    PostgresShell watch(f.database.url());
    REQUIRE(f.shell.run("BEGIN; SELECT position FROM outbox_head FOR UPDATE"));  // nobody gets to COMMIT
    auto committing =
        std::async(std::launch::async, [&] { return f.store->ingest().commit(std::vector<Observation>{Fenced::tick(2, 1)}); });
    REQUIRE(eventually([&] {
        return watch.number(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1;
    }));
    CHECK(f.claim("two") == 0);
    REQUIRE(f.shell.run("COMMIT"));
    REQUIRE(committing.get().has_value());
    CHECK(f.claim("two") == 2);
    CHECK(f.ticks() == "1|1\n2|2");
}

TEST_CASE("fence: a range of missed ticks in a former term is left out, and counted") {
    Fenced f;
    REQUIRE(f.claim("one") == 1);
    f.expire();
    REQUIRE(f.claim("two") == 2);
    MissedRange range;
    range.group = "group";
    range.first = at(1);
    range.last = at(2);
    range.ticks = 2;
    range.lease = "shard";
    range.term = 1;
    std::vector<MissedRange> const ranges{range};
    REQUIRE((*f.loop.run(Fenced::boxed(f.store->poll_plan().record(ranges, {}, {})))).has_value());
    CHECK(f.shell.all("SELECT count(*) FROM missed_ticks") == "0");
    CHECK(f.settled().empty());
    CHECK(f.metrics.render().find("mds_postgres_ranges_fenced_total 1") != std::string::npos);
}
