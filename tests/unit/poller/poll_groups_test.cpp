#include "services/poll_groups.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace mds;

namespace {

std::vector<std::uint64_t> hashes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::vector<std::uint64_t> values(count);
    for (auto& value : values) value = engine();
    std::ranges::sort(values);
    return values;
}

std::set<HashPrefix> prefixes(std::vector<std::uint64_t> const& sorted, std::size_t max) {
    std::set<HashPrefix> all;
    for (auto const& bucket : split_into_buckets(sorted, max)) all.insert(bucket.prefix);
    return all;
}

}  // namespace

TEST_CASE("buckets cover every hash once and none holds more than the maximum") {
    for (std::size_t const max : {1U, 2U, 7U, 100U}) {
        auto const sorted = hashes(2000, max);
        std::size_t next = 0;
        for (auto const& bucket : split_into_buckets(sorted, max)) {
            REQUIRE(bucket.first == next);
            REQUIRE(bucket.last > bucket.first);
            REQUIRE(bucket.last - bucket.first <= max);
            for (auto at = bucket.first; at < bucket.last; ++at) REQUIRE(bucket.prefix.covers(sorted[at]));
            next = bucket.last;
        }
        CHECK(next == sorted.size());
    }
}

TEST_CASE("one more target splits one group at most and leaves the others") {
    auto sorted = hashes(5000, 3);
    for (std::size_t const max : {1U, 50U}) {
        auto before = prefixes(sorted, max);
        auto more = sorted;
        more.push_back(0x123456789abcdef0);
        std::ranges::sort(more);
        auto const after = prefixes(more, max);
        std::vector<HashPrefix> gone;
        std::ranges::set_difference(before, after, std::back_inserter(gone));
        CHECK(gone.size() <= (max == 1 ? 0U : 1U));
    }
}

TEST_CASE("a group's name reads back") {
    for (auto const prefix : {HashPrefix(0, 0), HashPrefix(0xa3c0000000000000, 10), HashPrefix(0x8000000000000000, 1),
                              HashPrefix(0x0123456789abcdef, 64), HashPrefix(0x0123000000000000, 16)}) {
        CHECK(parse_hash_prefix(to_string(prefix)) == prefix);
    }
    CHECK(to_string(HashPrefix(0xa3c0000000000000, 10)) == "a3c/10");
    CHECK(to_string(HashPrefix()) == "0/0");
    for (auto const* const text : {"", "/", "a/", "/3", "a/65", "a/-1", "x/1", "a/1x", "12345678901234567/3"}) CHECK_FALSE(parse_hash_prefix(text));
}

TEST_CASE("names and hashes are the same in every version") {
    // Stored: a changed hash would make every group lose its progress.
    CHECK(stable_hash("") == 0xf52a15e9a9b5e89bU);
    CHECK(stable_hash("AAPL") == 0xcedcd5656acd33a8U);
    CHECK(lane_name(std::vector<std::string>{"p", "q"}, std::chrono::seconds(60)) == "p,q@60s");
}

TEST_CASE("ticks lie on the grid, after the time asked for, and groups spread over the interval") {
    TickGrid const grid("p@60s", std::chrono::seconds(60), HashPrefix());
    UtcTime const time{std::chrono::seconds(1'700'000'000)};
    auto const next = grid.after(time);
    CHECK(next > time);
    CHECK(next - time <= std::chrono::seconds(60));
    CHECK(grid.after(next) == next + std::chrono::seconds(60));
    CHECK(grid.after(next - std::chrono::microseconds(1)) == next);
    CHECK(grid.after(UtcTime{}) >= UtcTime{});
    std::vector<std::int64_t> phases;
    for (auto const hash : hashes(1000, 9)) phases.push_back(TickGrid("p@60s", std::chrono::seconds(60), HashPrefix(hash, 64)).phase.count());
    std::array<int, 10> tenths{};
    for (auto const phase : phases) ++tenths.at(static_cast<std::size_t>(phase / 6'000'000));
    for (auto const count : tenths) CHECK((count > 60 && count < 140));
}
