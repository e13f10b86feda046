#include "adapters/postgres/store.hpp"

#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/postgres_server.hpp"

#include <optional>
#include <set>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> const keys{"a", "b", "c", "d", "e", "f"};

struct Replicas {
    Replicas() : store(options(), support::Log::silent(), metrics) {}

    postgres::StoreOptions options() const {
        postgres::StoreOptions options;
        options.url = database.url();
        return options;
    }
    /// A task's value has to be default constructible to leave a loop.
    template <class T>
    Awaitable<std::optional<Result<T>>> boxed(Task<T> task) {
        auto result = co_await std::move(task);
        co_return std::optional<Result<T>>(std::move(result));
    }
    template <class T>
    Result<T> run(Task<T> task) {
        return *loop.run(boxed(std::move(task)));
    }
    std::set<std::string> round(std::string const& owner, std::chrono::milliseconds ttl = 15s) {
        auto const done = run(store.leases()->renew(owner, keys, ttl));
        REQUIRE(done.has_value());
        share = done->share;
        terms.clear();
        std::set<std::string> held;
        for (auto const& lease : done->held) {
            held.insert(lease.key);
            terms[lease.key] = lease.term;
        }
        return held;
    }
    /// As if the time had passed.
    void expire(std::string const& owner) {
        PostgresShell shell(database.url());
        REQUIRE(shell.run("UPDATE poll_leases SET expires = clock_timestamp() - interval '1 s' WHERE owner = '" + owner + "'"));
        REQUIRE(shell.run("UPDATE poll_owners SET expires = clock_timestamp() - interval '1 s' WHERE owner = '" + owner + "'"));
    }

    Loop loop;
    PostgresDatabase database;
    support::Metrics metrics;
    postgres::Store store;
    std::size_t share = 0;
    std::map<std::string, std::int64_t> terms;
};

}  // namespace

TEST_CASE("leases: one owner takes everything, and keeps its terms") {
    Replicas r;
    CHECK(r.round("one").size() == 6);
    CHECK(r.share == 6);
    auto const first = r.terms;
    CHECK(r.round("one").size() == 6);
    CHECK(r.terms == first);
}

TEST_CASE("leases: a second owner gets its share of what is given back, and nothing is held twice") {
    Replicas r;
    r.round("one");
    CHECK(r.round("two").empty());
    CHECK(r.share == 3);
    CHECK(r.round("one").size() == 6);
    CHECK(r.share == 3);
    REQUIRE(r.run(r.store.leases()->give_back("one", {"d", "e", "f"})).has_value());
    CHECK(r.round("one") == std::set<std::string>{"a", "b", "c"});
    CHECK(r.round("two") == std::set<std::string>{"d", "e", "f"});
    CHECK(r.terms.at("d") == 2);
}

TEST_CASE("leases: what an owner does not hold it cannot give back") {
    Replicas r;
    r.round("one");
    REQUIRE(r.run(r.store.leases()->give_back("two", keys)).has_value());
    CHECK(r.round("two").empty());
    CHECK(r.round("one").size() == 6);
}

TEST_CASE("leases: who leaves gives all back at once") {
    Replicas r;
    r.round("one");
    REQUIRE(r.run(r.store.leases()->leave("one")).has_value());
    CHECK(r.round("two").size() == 6);
    CHECK(r.share == 6);
}

TEST_CASE("leases: what expired is taken over in a later term, and the former owner has nothing") {
    Replicas r;
    r.round("one");
    r.expire("one");
    CHECK(r.round("two").size() == 6);
    CHECK(r.terms.at("a") == 2);
    CHECK(r.round("one").empty());
    CHECK(r.share == 3);
}

TEST_CASE("leases: an owner that was silent too long takes back what nobody took, in a later term") {
    Replicas r;
    r.round("one");
    r.expire("one");
    CHECK(r.round("one").size() == 6);
    CHECK(r.terms.at("a") == 2);
}

TEST_CASE("leases: a renewal lasts") {
    Replicas r;
    r.round("one", 1500ms);
    auto const until = std::chrono::steady_clock::now() + 2500ms;
    while (std::chrono::steady_clock::now() < until) {
        CHECK(r.round("one", 1500ms).size() == 6);
        CHECK(r.terms.at("a") == 1);
    }
}

TEST_CASE("leases: owners that begin together never hold the same") {
    Replicas r;
    std::vector<std::unique_ptr<postgres::Store>> stores;
    for (int i = 0; i < 4; ++i) stores.push_back(std::make_unique<postgres::Store>(r.options(), support::Log::silent(), r.metrics));
    for (int round = 0; round < 20; ++round) {
        std::vector<Loop::Later<std::optional<Result<LeaseRound>>>> rounds;
        for (std::size_t i = 0; i < stores.size(); ++i)
            rounds.push_back(r.loop.spawn(r.boxed(stores[i]->leases()->renew("owner" + std::to_string(i), keys, 15s))));
        std::multiset<std::string> all;
        for (auto const& done : rounds) {
            auto const result = r.loop.await(done);
            REQUIRE(result->has_value());
            for (auto const& lease : result->value().held) all.insert(lease.key);
        }
        for (auto const& key : keys) CHECK(all.count(key) <= 1);
    }
    stores.clear();
}
