#include "integration/redis/redis_fixture.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace mds;
using namespace mds::test;

namespace {

std::string const key = "mds:latest:simulated:AAPL";
Series const aapl = cached_series("AAPL");

}  // namespace

TEST_CASE("a server that is not there costs nothing, and is used once it is") {
    RedisServer server;
    server.kill();
    CacheOnRedis cache(CacheOnRedis::options(server.port()));
    CHECK_FALSE(cache.latest(aapl));
    cache.offer(cached_point(aapl, 1));
    CHECK(cache.reads("away") == 1);
    CHECK(cache.writes("away") == 1);
    server.start();
    cache.wait_until_in_use();
    cache.offer(cached_point(aapl, 2));
    CHECK(cache.latest_at(aapl, 2));
}

TEST_CASE("a server that dies and comes back empty is a miss, then filled again") {
    RedisServer server;
    CacheOnRedis cache(server);
    for (std::int64_t round = 1; round <= 3; ++round) {
        cache.offer(cached_point(aapl, round));
        REQUIRE(cache.latest_at(aapl, round));
        server.kill();
        CHECK_FALSE(cache.latest(aapl));
        REQUIRE(comes_true([&] { return !cache.in_use(); }));
        server.start();
        cache.wait_until_in_use();
        CHECK_FALSE(cache.latest(aapl));
    }
}

TEST_CASE("a server that does not answer is waited for once, then left alone until it answers") {
    RedisServer server;
    auto options = CacheOnRedis::options(server.port());
    options.timeout = std::chrono::milliseconds(100);
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    cache.offer(cached_point(aapl, 1));
    REQUIRE(cache.latest_at(aapl, 1));
    server.freeze();
    CHECK_FALSE(cache.latest(aapl));
    REQUIRE(comes_true([&] { return !cache.in_use(); }));
    auto const late = cache.reads("late");
    CHECK(late >= 1);
    for (int i = 0; i < 1000; ++i) CHECK_FALSE(cache.latest(aapl));
    CHECK(cache.reads("late") == late);
    server.thaw();
    CHECK(cache.latest_at(aapl, 1));
}

TEST_CASE("a server that sleeps makes a read a miss, and no late answer is taken for another one") {
    RedisServer server;
    auto options = CacheOnRedis::options(server.port());
    options.timeout = std::chrono::milliseconds(100);
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    auto const msft = cached_series("MSFT");
    cache.offer(cached_point(aapl, 1, "1"));
    cache.offer(cached_point(msft, 2, "2"));
    REQUIRE(cache.latest_at(msft, 2));
    std::thread sleeper([&] { server.shell().run({"DEBUG", "SLEEP", "0.5"}); });
    CHECK(comes_true([&] { return !cache.latest(aapl); }));
    sleeper.join();
    for (int i = 0; i < 50; ++i) {
        auto const first = cache.latest_at(aapl, 1);
        auto const second = cache.latest_at(msft, 2);
        REQUIRE(first);
        REQUIRE(second);
        CHECK(first->series == aapl);
        CHECK(second->series == msft);
    }
}

TEST_CASE("a write that is not answered drops the connection") {
    RedisServer server;
    auto options = CacheOnRedis::options(server.port());
    options.write_timeout = std::chrono::milliseconds(50);
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    server.freeze();
    cache.offer(cached_point(aapl, 1));
    CHECK(comes_true([&] { return !cache.in_use(); }));
    CHECK(comes_true([&] { return cache.writes("away") == 1; }));
    server.thaw();
    cache.wait_until_in_use();
}

TEST_CASE("a full server refuses writes, which are counted, and is still read") {
    RedisServer server;
    CacheOnRedis cache(server);
    cache.offer(cached_point(aapl, 1));
    REQUIRE(cache.latest_at(aapl, 1));
    auto shell = server.shell();
    REQUIRE(shell.run({"CONFIG", "SET", "maxmemory-policy", "noeviction"}) == "OK");
    REQUIRE(shell.run({"SET", "filler", std::string(2'000'000, 'x')}) == "OK");
    REQUIRE(shell.run({"CONFIG", "SET", "maxmemory", "1mb"}) == "OK");
    cache.offer(cached_point(aapl, 2));
    CHECK(comes_true([&] { return cache.writes("refused") == 1; }));
    CHECK(cache.latest_at(aapl, 1));
    CHECK(cache.in_use());
    REQUIRE(shell.run({"CONFIG", "SET", "maxmemory", "0"}) == "OK");
    cache.offer(cached_point(aapl, 3));
    CHECK(cache.latest_at(aapl, 3));
}

TEST_CASE("a replica that may not be written is still read") {
    RedisServer server;
    CacheOnRedis cache(server);
    cache.offer(cached_point(aapl, 1));
    REQUIRE(cache.latest_at(aapl, 1));
    // A replica of a server that is not there keeps what it has, and takes no writes.
    REQUIRE(server.shell().run({"REPLICAOF", "127.0.0.1", "1"}) == "OK");
    cache.offer(cached_point(aapl, 2));
    CHECK(comes_true([&] { return cache.writes("refused") == 1; }));
    CHECK(cache.latest_at(aapl, 1));
}

TEST_CASE("garbage under a key is a miss, counted, removed, and written over") {
    RedisServer server;
    CacheOnRedis cache(server);
    auto shell = server.shell();
    cache.offer(cached_point(aapl, 5));
    REQUIRE(cache.latest_at(aapl, 5));
    auto const good = shell.run({"GET", key});
    std::vector<std::vector<std::string>> const garbage{
        {"SET", key, "garbage"},
        {"SET", key, std::string(5'000'000, 'x')},
        {"SET", key, std::string("\0\r\n$-1\r\n", 9)},
        {"SET", key, good.substr(0, good.size() - 1)},
        {"SET", key, good.substr(0, good.size() / 2)},
        {"SET", key, "1 0 99999999999999999999 x"},
        {"SET", key, "1 999999 999999 x;"},
        {"SET", key, "2" + good.substr(1)},
        {"SET", key, good.substr(0, good.find("AAPL")) + "MSFT " + ";"},
        {"RPUSH", key, "a", "list"},
        {"HSET", key, "a", "hash"},
    };
    double seen = 0;
    std::int64_t seq = 5;
    for (auto const& command : garbage) {
        shell.run({"DEL", key});
        REQUIRE(shell.run(command).substr(0, 6) != "error:");
        CHECK_FALSE(cache.latest(aapl));
        CHECK(cache.reads("garbage") == ++seen);
        CHECK(comes_true([&] { return shell.run({"EXISTS", key}) == "0"; }));
        if (command[2].starts_with("1 ") && command[2].find(" 99999") != std::string::npos) continue;  // only a reader can tell
        shell.run(command);
        auto const written = cache.writes("written");
        cache.offer(cached_point(aapl, ++seq));
        CHECK(comes_true([&] { return cache.writes("written") == written + 1; }));
        CHECK(cache.latest_at(aapl, seq));
    }
    CHECK(cache.in_use());
}

TEST_CASE("points of another epoch of the store are not given, and the later epoch wins") {
    RedisServer server;
    auto restored = CacheOnRedis::options(server.port());
    restored.store_epoch = 1;
    CacheOnRedis before(server);
    CacheOnRedis after(restored);
    after.wait_until_in_use();
    before.offer(cached_point(aapl, 900));
    REQUIRE(before.latest_at(aapl, 900));
    CHECK_FALSE(after.latest(aapl));
    CHECK(after.reads("other_epoch") == 1);
    after.offer(cached_point(aapl, 3));
    REQUIRE(after.latest_at(aapl, 3));
    before.offer(cached_point(aapl, 901));
    CHECK(comes_true([&] { return before.writes("older") == 1; }));
    CHECK_FALSE(before.latest(aapl));
    CHECK(after.latest_at(aapl, 3));
}

TEST_CASE("keys have an end") {
    RedisServer server;
    auto options = CacheOnRedis::options(server.port());
    options.ttl = std::chrono::milliseconds(30'000);
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    cache.offer(cached_point(aapl, 1));
    REQUIRE(cache.latest_at(aapl, 1));
    auto const left = std::stol(server.shell().run({"PTTL", key}));
    CHECK(left > 0);
    CHECK(left <= 30'000);
}

TEST_CASE("the password, the user and the database of the address are used") {
    RedisServer server({"--requirepass", "s3cret"});
    auto options = CacheOnRedis::options(server.port());
    options.address.password = "wrong";
    CacheOnRedis refused(options);
    options.address.password = "s3cret";
    options.address.user = "default";
    options.address.database = 3;
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    cache.offer(cached_point(aapl, 1));
    REQUIRE(cache.latest_at(aapl, 1));
    auto shell = server.shell();
    REQUIRE(shell.run({"AUTH", "s3cret"}) == "OK");
    CHECK(shell.run({"EXISTS", key}) == "0");
    shell.run({"SELECT", "3"});
    CHECK(shell.run({"EXISTS", key}) == "1");
    CHECK_FALSE(refused.in_use());
    CHECK_FALSE(refused.latest(aapl));
}

TEST_CASE("many readers while the server comes and goes get a right answer or none") {
    RedisServer server;
    auto options = CacheOnRedis::options(server.port());
    options.timeout = std::chrono::milliseconds(50);
    CacheOnRedis cache(options);
    cache.wait_until_in_use();
    std::atomic<bool> over{false};
    std::atomic<int> wrong{0};
    std::atomic<int> hits{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&, reader] {
            Loop loop;
            auto const series = cached_series("R" + std::to_string(reader));
            while (!over) {
                auto const found = loop.run(cache.cache().latest(series));
                if (!found) continue;
                ++hits;
                if (found->series != series || found->price != *Price::parse(std::to_string(found->seq)).price) ++wrong;
            }
        });
    }
    std::int64_t seq = 0;
    for (int round = 0; round < 5; ++round) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
        while (std::chrono::steady_clock::now() < until) {
            ++seq;
            for (int reader = 0; reader < 3; ++reader)
                cache.offer(cached_point(cached_series("R" + std::to_string(reader)), seq, std::to_string(seq)));
        }
        server.kill();
        server.start();
        cache.wait_until_in_use();
    }
    over = true;
    for (auto& reader : readers) reader.join();
    CHECK(wrong == 0);
    CHECK(hits > 0);
    auto const offered = static_cast<double>(3 * seq);
    CHECK(comes_true([&] {
        return cache.writes("written") + cache.writes("older") + cache.writes("away") + cache.writes("refused") +
                   cache.writes("overflow") ==
               offered;
    }));
}
