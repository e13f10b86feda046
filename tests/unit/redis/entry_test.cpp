#include "adapters/redis/entry.hpp"

#include "support/catch.hpp"
#include "support/price_cache_conformance.hpp"
#include "support/seeded_random.hpp"

using namespace mds;
using namespace mds::test;
using mds::redis::parse_entry;

namespace {

PricePoint sample() {
    auto point = cached_point(cached_series("AAPL", "finnhub"), 42, "150.25");
    point.time_source = TimeSource::date;
    point.currency = "USD";
    return point;
}

}  // namespace

TEST_CASE("an entry is one line that the script can read") {
    auto const text = redis::to_text(sample(), 3);
    CHECK(text.starts_with("1 3 42 "));
    CHECK(text.ends_with(" finnhub AAPL USD;"));
    CHECK(text.find(" 150.25 ") != text.npos);
    CHECK(redis::key_of("mds", sample().series) == "mds:latest:finnhub:AAPL");
}

TEST_CASE("an entry is read back whole") {
    auto const point = sample();
    auto const entry = parse_entry(redis::to_text(point, 3), point.series);
    REQUIRE(entry);
    CHECK(entry->epoch == 3);
    CHECK(entry->point.id == point.id);
    CHECK(entry->point.raw_id == point.raw_id);
    CHECK(entry->point.seq == 42);
    CHECK(entry->point.price == point.price);
    CHECK(entry->point.timestamp == point.timestamp);
    CHECK(entry->point.fetched_at == point.fetched_at);
    CHECK(entry->point.time_source == TimeSource::date);
    CHECK(entry->point.currency == "USD");
}

TEST_CASE("an entry without a currency is read back") {
    auto point = sample();
    point.currency.clear();
    auto const entry = parse_entry(redis::to_text(point, 0), point.series);
    REQUIRE(entry);
    CHECK(entry->point.currency.empty());
}

TEST_CASE("an entry of another series is none") {
    auto const text = redis::to_text(sample(), 3);
    CHECK_FALSE(parse_entry(text, cached_series("MSFT", "finnhub")));
    CHECK_FALSE(parse_entry(text, cached_series("AAPL", "yahoo")));
}

TEST_CASE("an entry that was cut off anywhere is none") {
    auto const text = redis::to_text(sample(), 3);
    for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(parse_entry(text.substr(0, size), sample().series));
}

TEST_CASE("an entry with a word that cannot be is none") {
    auto const text = redis::to_text(sample(), 3);
    for (auto const& [from, to] :
         {std::pair{"1 3 42", "2 3 42"}, std::pair{"1 3 42", "1 3 0"}, std::pair{"1 3 42", "1 3 -1"}, std::pair{"1 3 42", "1 x 42"},
          std::pair{"150.25", "-1"}, std::pair{"150.25", "0"}, std::pair{"150.25", "nan"}, std::pair{" date ", " soon "}}) {
        auto changed = text;
        auto const at = changed.find(from);
        REQUIRE(at != changed.npos);
        changed.replace(at, std::string_view(from).size(), to);
        INFO(changed);
        CHECK_FALSE(parse_entry(changed, sample().series));
    }
}

TEST_CASE("random bytes are no entry, and random changes never another series") {
    SeededRandom random(7);
    auto const good = redis::to_text(sample(), 3);
    for (int round = 0; round < 20'000; ++round) {
        auto text = good;
        auto const changes = 1 + random.next() % 4;
        for (std::uint64_t i = 0; i < changes; ++i) text[random.next() % text.size()] = static_cast<char>(random.next());
        if (auto const entry = parse_entry(text, sample().series)) {
            CHECK(entry->point.series == sample().series);
            CHECK(entry->point.seq >= 1);
        }
    }
}
