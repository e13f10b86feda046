#include "services/moving_averages.hpp"

#include "support/catch.hpp"
#include "support/loop.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_store.hpp"

#include <string>

using namespace mds;
using namespace mds::test;
using namespace std::chrono_literals;

namespace {

Series const aapl(*Symbol::parse("AAPL"), "simulated");

/// The stored table: what the test put there.
class Table final : public AverageReads {
public:
    Task<std::optional<AveragePoint>> newest(Series) override {
        if (averages.empty()) co_return std::optional<AveragePoint>();
        co_return std::optional<AveragePoint>(averages.back());
    }
    Task<AveragePage> page(AverageQuery query) override {
        asked = query.limit;
        AveragePage page;
        page.averages.assign(averages.rbegin(), averages.rend());
        co_return page;
    }
    std::vector<AveragePoint> averages;
    std::size_t asked = 0;
};

struct Fixture {
    /// Point n costs n and was fetched n seconds after the start.
    void add_points(int count) {
        for (int i = 1; i <= count; ++i) add_point(std::to_string(i), std::chrono::seconds(i));
    }
    void add_point(std::string const& price, std::chrono::seconds at) {
        PricePoint point(Uuid{}, aapl, ++seq, *Price::parse(price).price, ManualClock::start + at - 1h, ManualClock::start + at,
                         Uuid{});
        store.add(point);
    }
    MovingAverageRequest request(int period) {
        MovingAverageRequest request{AverageQuery(aapl)};
        request.period = period;
        return request;
    }
    Result<MovingAverageAnswer> get(MovingAverageRequest request) { return loop.run(get_optional(std::move(request))).value(); }
    /// A task's value has to be default constructible to leave a loop.
    Awaitable<std::optional<Result<MovingAverageAnswer>>> get_optional(MovingAverageRequest request) {
        auto answer = co_await service.get(std::move(request));
        co_return std::optional<Result<MovingAverageAnswer>>(std::move(answer));
    }

    std::int64_t seq = 0;
    MemoryStore store;
    Table table;
    Loop loop;
    MovingAverages service{table, store};
};

}  // namespace

TEST_CASE("moving average of the stored period is read from its table") {
    Fixture f;
    f.table.averages.emplace_back(*Average::parse("3.25"), ManualClock::start, ManualClock::start + 5s, 5);
    auto request = f.request(5);
    request.values = true;
    request.query.limit = 7;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    CHECK(answer->newest.value.to_string() == "3.25");
    CHECK(answer->page.averages.size() == 1);
    CHECK(f.table.asked == 7);
}

TEST_CASE("moving average of too few points is not found, with their number") {
    Fixture f;
    f.add_points(4);
    for (int const period : {5, 7, 500}) {
        auto const answer = f.get(f.request(period));
        REQUIRE(answer.has_error());
        CHECK(answer.error().code == ErrorCode::not_found);
        CHECK(answer.error().message == "a moving average of period " + std::to_string(period) + " needs " +
                                            std::to_string(period) + " prices; AAPL of simulated has 4");
    }
}

TEST_CASE("moving average of a series without points is not found") {
    Fixture f;
    auto const answer = f.get(f.request(5));
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::not_found);
    CHECK(answer.error().message.find("has 0") != std::string::npos);
}

TEST_CASE("moving average whose table is behind the points is unavailable, not unknown") {
    Fixture f;
    f.add_points(5);
    auto const answer = f.get(f.request(5));
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::unavailable);
    CHECK(answer.error().retry_after == 1s);
}

TEST_CASE("moving average of any other period is the mean of the last points, half even at 19 decimals") {
    Fixture f;
    f.add_point("1", 1s);
    f.add_point("1", 2s);
    f.add_point("2", 3s);
    auto const answer = f.get(f.request(3));
    REQUIRE(answer.has_value());
    CHECK(answer->newest.value.to_string() == "1.3333333333333333333");
    CHECK(answer->newest.seq == 3);
    CHECK(answer->newest.calculated_at == ManualClock::start + 3s);
    CHECK(answer->newest.timestamp == ManualClock::start + 3s - 1h);
    CHECK(answer->page.averages.empty());
    CHECK(f.get(f.request(2))->newest.value.to_string() == "1.5");
}

TEST_CASE("moving average values come newest first and page without repeat or loss") {
    Fixture f;
    f.add_points(20);
    std::vector<std::int64_t> seen;
    auto request = f.request(4);
    request.values = true;
    request.query.limit = 6;
    for (bool more = true; more;) {
        auto const answer = f.get(request);
        REQUIRE(answer.has_value());
        CHECK(answer->newest.seq == 20);
        for (auto const& average : answer->page.averages) {
            seen.push_back(average.seq);
            CHECK(average.value.to_string() == std::to_string(average.seq - 2) + ".5");  // the mean of n-3 .. n
        }
        more = answer->page.more;
        request.query.cursor = answer->page.averages.back().seq;
    }
    std::vector<std::int64_t> expected;
    for (std::int64_t n = 20; n >= 4; --n) expected.push_back(n);
    CHECK(seen == expected);
}

TEST_CASE("moving average says that there is no further page when only the first points are left") {
    Fixture f;
    f.add_points(10);
    auto request = f.request(4);
    request.values = true;
    request.query.limit = 7;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    CHECK(answer->page.averages.size() == 7);
    CHECK_FALSE(answer->page.more);
}

TEST_CASE("moving average values are filtered by calculated_at, and their windows reach back over the filter") {
    Fixture f;
    f.add_points(10);
    auto request = f.request(3);
    request.values = true;
    request.query.start = ManualClock::start + 6s;
    request.query.end = ManualClock::start + 8s;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    CHECK(answer->newest.seq == 10);
    REQUIRE(answer->page.averages.size() == 2);
    CHECK(answer->page.averages[0].value.to_string() == "6");
    CHECK(answer->page.averages[1].value.to_string() == "5");
    request.query.start = ManualClock::start + 1h;
    request.query.end = std::nullopt;
    CHECK(f.get(request)->page.averages.empty());
}

TEST_CASE("moving average values skip what the filter left out in the middle, after the wall clock was set back") {
    Fixture f;
    for (int i = 1; i <= 4; ++i) f.add_point(std::to_string(i), std::chrono::seconds(i));
    f.add_point("5", -3600s);
    f.add_point("6", 6s);
    auto request = f.request(2);
    request.values = true;
    request.query.start = ManualClock::start;
    auto const answer = f.get(request);
    REQUIRE(answer.has_value());
    REQUIRE(answer->page.averages.size() == 4);
    CHECK(answer->page.averages[0].seq == 6);
    CHECK(answer->page.averages[0].value.to_string() == "5.5");
    CHECK(answer->page.averages[1].seq == 4);
}

TEST_CASE("moving average passes the store's failure on") {
    Fixture f;
    f.store.fail_reads(true);
    for (int const period : {5, 6}) CHECK(f.get(f.request(period)).error().code == ErrorCode::unavailable);
}
