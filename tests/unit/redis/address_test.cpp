#include "adapters/redis/address.hpp"

#include "support/catch.hpp"

using mds::redis::parse_address;

TEST_CASE("an address has a host, and the rest by default") {
    auto const plain = parse_address("redis://cache");
    REQUIRE(plain);
    CHECK(plain->host == "cache");
    CHECK(plain->port == "6379");
    CHECK(plain->user.empty());
    CHECK(plain->password.empty());
    CHECK(plain->database == 0);
    CHECK(plain->without_secrets() == "cache:6379/0");
}

TEST_CASE("every part of an address is read") {
    auto const full = parse_address("redis://me:p%40ss%3A%2F@[::1]:7000/12");
    REQUIRE(full);
    CHECK(full->host == "::1");
    CHECK(full->port == "7000");
    CHECK(full->user == "me");
    CHECK(full->password == "p@ss:/");
    CHECK(full->database == 12);
    CHECK(full->without_secrets() == "[::1]:7000/12");
}

TEST_CASE("a password alone belongs to the default user") {
    auto const address = parse_address("redis://:secret@cache:1/");
    REQUIRE(address);
    CHECK(address->user.empty());
    CHECK(address->password == "secret");
    CHECK(address->port == "1");
}

TEST_CASE("an @ or a slash in a password does not move the host") {
    auto const address = parse_address("redis://:a/b@c@cache/2");
    REQUIRE(address);
    CHECK(address->password == "a/b@c");
    CHECK(address->host == "cache");
    CHECK(address->database == 2);
}

TEST_CASE("what is no address of a server is refused") {
    for (auto const* const text : {"",
                                   "cache",
                                   "redis://",
                                   "redis:///1",
                                   "rediss://cache",
                                   "unix:///run/redis.sock",
                                   "redis://cache:0",
                                   "redis://cache:65536",
                                   "redis://cache:",
                                   "redis://cache:x",
                                   "redis://cache:1x",
                                   "redis://cache/x",
                                   "redis://cache/-1",
                                   "redis://cache/1/2",
                                   "redis://user@cache",
                                   "redis://:%4@cache",
                                   "redis://:%zz@cache",
                                   "redis://[::1",
                                   "redis://[::1]x",
                                   "redis://ca che",
                                   "redis://cache?x=1",
                                   "redis://[]"}) {
        INFO(text);
        CHECK_FALSE(parse_address(text));
    }
}
