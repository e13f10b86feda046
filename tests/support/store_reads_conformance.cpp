#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace mds::test {
namespace {

/// Points 1..n, fetched at 1 s, 2 s, ...
std::unique_ptr<StoreUnderTest> store_with(std::int64_t n) {
    auto store = make_store_under_test();
    std::vector<Observation> batch;
    for (std::int64_t i = 1; i <= n; ++i) batch.push_back(observation(static_cast<std::uint64_t>(i), {{"AAPL", "1"}}, i));
    ingest(*store, batch);
    return store;
}

HistoryPage history(StoreUnderTest& store, HistoryQuery query) {
    auto page = store.run(store.prices().history(std::move(query)));
    REQUIRE(page.has_value());
    return *page;
}

void write_averages(StoreUnderTest& store, std::vector<PricePoint> const& points) {
    AveragingBatch batch;
    batch.claim = store.averaging().claim("price-events", 0).value();
    batch.new_next = batch.claim.next;
    for (PricePoint const& point : points)
        batch.averages.emplace_back(point.series, Average::from_units(point.seq), point.timestamp, point.fetched_at, point.seq);
    REQUIRE(store.averaging().commit(batch).has_value());
}

}  // namespace

TEST_CASE("a series without points has no latest price and an empty history") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", ""}})});
    CHECK_FALSE(store->run(store->prices().latest(series("AAPL")))->has_value());
    CHECK_FALSE(store->run(store->prices().latest(series("NONE")))->has_value());
    CHECK(history(*store, HistoryQuery(series("AAPL"))).last_seq == 0);
    CHECK(history(*store, HistoryQuery(series("NONE"))).last_seq == 0);
    CHECK_FALSE(store->run(store->averages().newest(series("AAPL")))->has_value());
}

TEST_CASE("every series' latest price is found at start") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}, {"MSFT", "2"}, {"IBM", ""}}), observation(2, {{"AAPL", "3"}})});
    std::set<std::pair<std::string, std::string>> seen;
    auto const visit = [&](PricePoint const& point) { seen.emplace(point.series.symbol.str(), point.price.to_string()); };
    REQUIRE(store->latest_prices().for_each_latest(visit).has_value());
    CHECK(seen == std::set<std::pair<std::string, std::string>>{{"AAPL", "3"}, {"MSFT", "2"}});
}

TEST_CASE("history pages newest first, or oldest first, and says whether there is more") {
    auto const store = store_with(5);
    HistoryQuery query(series("AAPL"));
    query.limit = 2;
    auto page = history(*store, query);
    CHECK(page.more);
    CHECK(page.last_seq == 5);
    CHECK(page.points.at(0).seq == 5);
    CHECK(page.points.at(1).seq == 4);
    query.cursor = 2;
    page = history(*store, query);
    CHECK_FALSE(page.more);
    REQUIRE(page.points.size() == 1);
    CHECK(page.points[0].seq == 1);
    query.ascending = true;
    query.cursor = 3;
    page = history(*store, query);
    CHECK_FALSE(page.more);
    CHECK(page.points.size() == 2);
    CHECK(page.points.at(0).seq == 4);
}

TEST_CASE("a range of history includes its start and excludes its end") {
    auto const store = store_with(9);
    HistoryQuery query(series("AAPL"));
    query.start = at(3);
    query.end = at(6);
    auto const page = history(*store, query);
    REQUIRE(page.points.size() == 3);
    CHECK(page.points.front().seq == 5);
    CHECK(page.points.back().seq == 3);
    query.start = at(100);
    query.end = at(200);
    CHECK(history(*store, query).points.empty());
    CHECK(history(*store, query).last_seq == 9);
}

TEST_CASE("ranges of history hold exactly the points fetched in them, however disordered they came") {
    auto const store = make_store_under_test();
    std::mt19937 random(7);
    std::vector<std::int64_t> fetched;
    std::vector<Observation> batch;
    for (std::uint64_t i = 1; i <= 300; ++i) {
        std::int64_t const jitter = i % 97 == 0 ? -200 : static_cast<std::int64_t>(random() % 9) - 4;
        fetched.push_back(static_cast<std::int64_t>(i) + jitter);
        batch.push_back(observation(i, {{"AAPL", "1"}}, fetched.back()));
    }
    ingest(*store, batch);
    for (int round = 0; round < 200; ++round) {
        std::int64_t const start = static_cast<std::int64_t>(random() % 520) - 210;
        std::int64_t const end = start + static_cast<std::int64_t>(random() % 60);
        HistoryQuery query(series("AAPL"));
        query.start = at(start);
        query.end = at(end);
        query.ascending = round % 2 == 0;
        auto const expected = std::count_if(fetched.begin(), fetched.end(), [&](auto f) { return f >= start && f < end; });
        CAPTURE(start, end);
        CHECK(static_cast<std::ptrdiff_t>(history(*store, query).points.size()) == expected);
    }
}

TEST_CASE("paging neither loops nor skips while points are being added") {
    bool const ascending = GENERATE(true, false);
    auto const store = store_with(50);
    HistoryQuery query(series("AAPL"));
    query.ascending = ascending;
    query.limit = 7;
    std::vector<std::int64_t> seen;
    std::uint64_t next = 51;
    for (bool more = true; more;) {
        auto const page = history(*store, query);
        for (PricePoint const& point : page.points) seen.push_back(point.seq);
        more = page.more;
        query.cursor = seen.back();
        if (next < 60) {
            ingest(*store, {observation(next, {{"AAPL", "1"}}, static_cast<std::int64_t>(next))});
            ++next;
        }
    }
    if (!ascending) std::reverse(seen.begin(), seen.end());
    REQUIRE(seen.size() >= 50);
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE("averages are paged newest first, filtered by when they were calculated") {
    auto const store = store_with(20);
    auto points = all_points(*store, series("AAPL"));
    points.erase(points.begin(), points.begin() + 4);
    write_averages(*store, points);
    auto const newest = store->run(store->averages().newest(series("AAPL"))).value();
    REQUIRE(newest.has_value());
    CHECK(newest->seq == 20);
    CHECK(newest->value == Average::from_units(20));
    CHECK(newest->calculated_at == at(20));
    CHECK(newest->timestamp == at(19));
    AverageQuery query(series("AAPL"));
    query.start = at(8);
    query.end = at(15);
    query.limit = 4;
    auto page = store->run(store->averages().page(query)).value();
    REQUIRE(page.averages.size() == 4);
    CHECK(page.more);
    CHECK(page.averages.front().seq == 14);
    query.cursor = page.averages.back().seq;
    page = store->run(store->averages().page(query)).value();
    CHECK(page.averages.size() == 3);
    CHECK_FALSE(page.more);
    CHECK(page.averages.back().seq == 8);
}

TEST_CASE("averages written twice stay as they were") {
    auto const store = store_with(6);
    auto const points = all_points(*store, series("AAPL"));
    write_averages(*store, {points[4], points[5]});
    write_averages(*store, {points[4], points[5]});
    AverageQuery const query(series("AAPL"));
    CHECK(store->run(store->averages().page(query))->averages.size() == 2);
    CHECK(store->series_history().progress(series("AAPL"))->last_averaged == 6);
    CHECK(store->series_history().progress(series("NONE"))->last_averaged == 0);
}

TEST_CASE("the history of a series is read by its numbers") {
    auto const store = store_with(6);
    auto const points = store->series_history().points(series("AAPL"), 2, 4).value();
    REQUIRE(points.size() == 3);
    CHECK(points.front().seq == 2);
    CHECK(points.back().seq == 4);
    CHECK(store->series_history().points(series("AAPL"), 6, 9)->size() == 1);
    CHECK(store->series_history().points(series("NONE"), 1, 9)->empty());
}

TEST_CASE("a claim takes the partition from its former owner") {
    auto const store = make_store_under_test();
    auto const first = store->averaging().claim("price-events", 3).value();
    CHECK(first.next == 0);
    AveragingBatch batch;
    batch.claim = first;
    batch.new_next = 5;
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const second = store->averaging().claim("price-events", 3).value();
    CHECK(second.epoch > first.epoch);
    CHECK(second.next == 5);
    batch.claim.next = 5;
    batch.new_next = 9;
    auto const zombie = store->averaging().commit(batch);
    REQUIRE(zombie.has_error());
    CHECK(zombie.error().code == ErrorCode::fenced);
    batch.claim = second;
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const repeated = store->averaging().commit(batch);  // as after an unknown outcome
    REQUIRE(repeated.has_error());
    CHECK(repeated.error().code == ErrorCode::fenced);
    CHECK(store->averaging().claim("price-events", 3)->next == 9);
    CHECK(store->averaging().claim("price-events", 4)->next == 0);
}

TEST_CASE("an average of any size is read back exactly") {
    std::vector<std::string> const values{"0.0000000000000000001",
                                          "0.0001",
                                          "0.001",
                                          "1",
                                          "20",
                                          "9999.9999",
                                          "10000",
                                          "10000.1",
                                          "150.25",
                                          "123456789012345678",
                                          "999999999999999999.9999999999999999999",
                                          "100000000000000000.0000000000000000001",
                                          "1234.0000000000000000005"};
    auto const store = store_with(static_cast<std::int64_t>(values.size()));
    auto const points = all_points(*store, series("AAPL"));
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = batch.claim.next;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const& point = points[i];
        batch.averages.emplace_back(point.series, *Average::parse(values[i]), point.timestamp, point.fetched_at, point.seq);
    }
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const page = store->run(store->averages().page(AverageQuery(series("AAPL"))));
    REQUIRE(page.has_value());
    REQUIRE(page->averages.size() == values.size());
    for (auto const& average : page->averages) {  // newest first
        CHECK(average.value.to_string() == values[static_cast<std::size_t>(average.seq) - 1]);
        CHECK(average.timestamp == points[static_cast<std::size_t>(average.seq) - 1].timestamp);
    }
}

TEST_CASE("a refused commit leaves no average") {
    auto const store = store_with(5);
    auto const points = all_points(*store, series("AAPL"));
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    static_cast<void>(store->averaging().claim("price-events", 0));
    batch.new_next = 5;
    batch.averages.emplace_back(points[4].series, Average::from_units(1), points[4].timestamp, points[4].fetched_at, 5);
    REQUIRE(store->averaging().commit(batch).has_error());
    CHECK(store->series_history().progress(series("AAPL"))->last_averaged == 0);
}

TEST_CASE("a dead letter and the offset are one commit") {
    auto const store = make_store_under_test();
    DeadLetter letter;
    letter.topic = "price-events";
    letter.offset = 4;
    letter.key = std::string("\0k", 2);
    letter.value = "\xff not json";
    letter.headers = {{"h", std::string("\0\xfe", 2)}, {"h", "again"}};
    letter.error_class = "malformed";
    letter.received_at = at(1);
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 5;
    batch.dead_letters = {letter};
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->averaging().claim("price-events", 0)->next == 5);
}

}  // namespace mds::test
