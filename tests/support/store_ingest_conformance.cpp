#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <algorithm>

namespace mds::test {
namespace {

std::vector<std::int64_t> seqs(std::vector<PricePoint> const& points) {
    std::vector<std::int64_t> numbers;
    for (PricePoint const& point : points) numbers.push_back(point.seq);
    return numbers;
}

using Numbers = std::vector<std::int64_t>;

/// A price for each of 50 symbols by turns; every tenth answer names another one as well, and another none.
std::vector<Observation> many(std::uint64_t first, std::uint64_t count) {
    std::vector<Observation> batch;
    for (std::uint64_t i = first; i < first + count; ++i) {
        std::string const name = "S" + std::to_string(i % 50);
        if (i % 10 == 3)
            batch.push_back(observation(i, {{name, "1.5"}, {"S" + std::to_string((i + 7) % 50), "2"}, {"NONE", ""}}));
        else if (i % 10 == 6)
            batch.push_back(unanswered(i, {name}));
        else
            batch.push_back(observation(i, {{name, std::to_string(i)}}));
    }
    return batch;
}

}  // namespace

TEST_CASE("points are numbered 1, 2, 3 per series in the order of commit") {
    auto const store = make_store_under_test();
    auto const first = ingest(*store, {observation(1, {{"AAPL", "150.25"}, {"MSFT", "300"}}), observation(2, {{"AAPL", "151"}})});
    auto const second =
        ingest(*store, {observation(3, {{"MSFT", "301"}, {"AAPL", "151"}}), observation(4, {{"AAPL", "9"}}, 0, "other")});
    CHECK(seqs(first.points[0]) == Numbers{1, 1});
    CHECK(seqs(first.points[1]) == Numbers{2});
    CHECK(seqs(second.points[0]) == Numbers{2, 3});
    CHECK(seqs(second.points[1]) == Numbers{1});
    CHECK(seqs(all_points(*store, series("AAPL"))) == Numbers{1, 2, 3});
    CHECK(first.repeated == 0);
}

TEST_CASE("a point comes back as it went in") {
    auto const store = make_store_under_test();
    Observation sent = observation(1, {{"BTC-USD", "0.000000000000000001"}}, 7, "coinbase");
    Quote quote(uuid(77), Price::parse("123456789012345678.123456789012345678").price.value(), at(3), TimeSource::date);
    quote.currency = "USD";
    sent.results[0].result = quote;
    auto const receipt = ingest(*store, {sent});
    store->reopen();
    auto const found = store->run(store->prices().latest(series("BTC-USD", "coinbase")));
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    PricePoint const& point = **found;
    CHECK(point.id == uuid(77));
    CHECK(point.series == series("BTC-USD", "coinbase"));
    CHECK(point.seq == 1);
    CHECK(point.price.to_string() == "123456789012345678.123456789012345678");
    CHECK(point.timestamp == at(3));
    CHECK(point.fetched_at == at(7));
    CHECK(point.raw_id == sent.raw_id);
    CHECK(point.time_source == TimeSource::date);
    CHECK(point.currency == "USD");
    CHECK(receipt.points[0][0].price == point.price);
}

TEST_CASE("a batch sent again is not written again, and answers with the first numbers") {
    auto const store = make_store_under_test();
    std::vector<Observation> const batch = {observation(1, {{"AAPL", "1"}, {"MSFT", ""}, {"IBM", "3"}}), unanswered(2, {"AAPL"})};
    auto const first = ingest(*store, batch);
    ingest(*store, {observation(3, {{"AAPL", "2"}})});
    auto const log = store->open_outbox();
    auto const head = log->head().value();
    auto const again = ingest(*store, batch);
    CHECK(again.repeated == 2);
    CHECK(seqs(again.points[0]) == seqs(first.points[0]));
    CHECK(again.points[0].at(1).id == first.points[0].at(1).id);
    CHECK(again.points[1].empty());
    CHECK(log->head().value() == head);
    CHECK(all_points(*store, series("AAPL")).size() == 2);
    CHECK(store->raw_rows() == 2);
}

TEST_CASE("a batch that was stored in part is completed") {
    auto const store = make_store_under_test();
    auto const one = observation(1, {{"AAPL", "1"}});
    auto const two = observation(2, {{"AAPL", "2"}});
    ingest(*store, {one});
    auto const receipt = ingest(*store, {one, two});
    CHECK(receipt.repeated == 1);
    CHECK(seqs(receipt.points[0]) == Numbers{1});
    CHECK(seqs(receipt.points[1]) == Numbers{2});
}

TEST_CASE("an observation twice in one batch is stored once") {
    auto const store = make_store_under_test();
    auto const one = observation(1, {{"AAPL", "1"}});
    auto const receipt = ingest(*store, {one, one});
    CHECK(receipt.repeated == 1);
    CHECK(seqs(receipt.points[1]) == Numbers{1});
    CHECK(all_points(*store, series("AAPL")).size() == 1);
}

TEST_CASE("equal prices and quote times that go back are points all the same") {
    auto const store = make_store_under_test();
    ingest(*store,
           {observation(1, {{"AAPL", "5"}}, 100), observation(2, {{"AAPL", "5"}}, 100), observation(3, {{"AAPL", "5"}}, 50)});
    CHECK(all_points(*store, series("AAPL")).size() == 3);
}

TEST_CASE("one observation that cannot be stored refuses the batch and leaves no trace") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}})});
    Observation same_point = observation(2, {{"AAPL", "2"}});
    same_point.results[0].result = *observation(1, {{"AAPL", "1"}}).results[0].quote();
    auto const refused = store->ingest().commit(std::vector<Observation>{observation(3, {{"AAPL", "3"}}), same_point});
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(all_points(*store, series("AAPL")).size() == 1);
    CHECK(store->raw_rows() == 1);
    CHECK(store->monitor().store_health().ready);
    auto const receipt = ingest(*store, {observation(3, {{"AAPL", "3"}})});
    CHECK(seqs(receipt.points[0]) == Numbers{2});
}

TEST_CASE("a batch of thousands is numbered and published as a small one is, and recognised when it is sent again") {
    auto const store = make_store_under_test();
    auto const batch = many(1, 2000);
    ingest(*store, std::vector<Observation>(batch.begin(), batch.begin() + 700));
    auto const receipt = ingest(*store, batch);
    CHECK(receipt.repeated == 700);
    REQUIRE(receipt.points.size() == batch.size());
    std::size_t points = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        std::size_t quotes = 0;
        for (SymbolResult const& result : batch[i].results) {
            if (result.quote() == nullptr) continue;
            auto const& point = receipt.points[i].at(quotes++);
            REQUIRE(point.id == result.quote()->point_id);
            REQUIRE(point.series.symbol == result.symbol);
        }
        REQUIRE(receipt.points[i].size() == quotes);
        points += quotes;
    }
    std::size_t stored = 0;
    for (int i = 0; i < 50; ++i) {
        auto const found = all_points(*store, series("S" + std::to_string(i)));
        for (std::size_t j = 0; j < found.size(); ++j) REQUIRE(found[j].seq == static_cast<std::int64_t>(j + 1));
        stored += found.size();
    }
    CHECK(stored == points);
    auto const log = store->open_outbox();
    CHECK(log->head().value() == static_cast<std::int64_t>(points));
    CHECK(log->read(1, 10'000)->size() == points);
    CHECK(store->raw_rows() == 1800);
    auto const again = ingest(*store, batch);
    CHECK(again.repeated == batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) REQUIRE(seqs(again.points[i]) == seqs(receipt.points[i]));
}

TEST_CASE("observations of one symbol are numbered in their order, however large the batch") {
    auto const store = make_store_under_test();
    std::vector<Observation> batch;
    for (std::uint64_t i = 0; i < 1500; ++i) batch.push_back(observation(i + 1, {{"S" + std::to_string(i % 30), "1"}}));
    auto const receipt = ingest(*store, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) REQUIRE(receipt.points[i].at(0).seq == static_cast<std::int64_t>(i / 30 + 1));
}

TEST_CASE("answers of several symbols are numbered in their order too, however they overlap") {
    auto const store = make_store_under_test();
    std::vector<Observation> batch;
    for (std::uint64_t i = 0; i < 600; ++i) {
        std::string const one = "S" + std::to_string(i % 30);
        std::string const other = "S" + std::to_string((i + 1 + i / 100) % 30);
        if (i % 3 == 0)
            batch.push_back(observation(i + 1, {{other, "1"}}));
        else
            batch.push_back(observation(i + 1, {{one, "1"}, {other, "1"}}));
    }
    auto const receipt = ingest(*store, batch);
    std::map<Symbol, std::int64_t> last;
    for (auto const& points : receipt.points)
        for (auto const& point : points) REQUIRE(point.seq == ++last[point.series.symbol]);
}

TEST_CASE("one observation that cannot be stored refuses a large batch, and halves without it go in") {
    auto const store = make_store_under_test();
    auto batch = many(1, 1200);
    ingest(*store, {observation(5000, {{"AAPL", "1"}})});
    batch[777] = observation(778, {{"S28", "2"}});
    batch[777].results[0].result = *observation(5000, {{"AAPL", "1"}}).results[0].quote();
    auto const refused = store->ingest().commit(batch);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    batch.erase(batch.begin() + 777);
    auto const receipt = ingest(*store, batch);
    std::size_t points = 1;
    for (auto const& some : receipt.points) points += some.size();
    CHECK(store->open_outbox()->head().value() == static_cast<std::int64_t>(points));
    CHECK(store->monitor().store_health().ready);
}

TEST_CASE("an observation must have one result for every symbol") {
    auto const store = make_store_under_test();
    Observation lacking = observation(1, {{"AAPL", "1"}, {"MSFT", "2"}});
    lacking.results.pop_back();
    Observation without_raw = observation(2, {{"AAPL", "1"}});
    without_raw.answer.reset();
    for (Observation const& bad : {lacking, without_raw}) {
        auto const refused = store->ingest().commit(std::vector<Observation>{bad});
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("the outbox holds every point once, at dense positions, in the order of commit") {
    auto const store = make_store_under_test();
    auto const log = store->open_outbox();
    CHECK(log->head().value() == 0);
    CHECK(log->read(0, 10).value().empty());
    CHECK(log->read(1, 10).value().empty());
    ingest(*store, {observation(1, {{"AAPL", "1"}, {"MSFT", ""}, {"IBM", "3"}}), observation(2, {{"AAPL", "2"}})});
    ingest(*store, {observation(3, {{"AAPL", "4"}})});
    CHECK(log->head().value() == 4);
    auto const events = log->read(0, 3).value();
    REQUIRE(events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(events[i].position == static_cast<std::int64_t>(i) + 1);
    CHECK(events[1].price()->point.series == series("IBM"));
    CHECK(events[2].price()->point.seq == 2);
    CHECK(events[2].price()->store_epoch >= 1);
    auto const rest = log->read(4, 10).value();
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].price()->point.price.to_string() == "4");
    CHECK(log->read(5, 10).value().empty());
}

TEST_CASE("a foreign point has no entry in the outbox") {
    auto const store = make_store_under_test();
    Observation foreign = observation(1, {{"AAPL", "1"}});
    foreign.cause = FetchCause::foreign;
    ingest(*store, {foreign, observation(2, {{"AAPL", "2"}})});
    auto const events = store->open_outbox()->read(1, 10).value();
    REQUIRE(events.size() == 1);
    CHECK(events[0].position == 1);
    CHECK(events[0].price()->point.seq == 2);
}

TEST_CASE("outbox entries go once they are old and every cursor has passed them") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 10; ++i) ingest(*store, {observation(i, {{"AAPL", "1"}}, static_cast<std::int64_t>(i))});
    auto const log = store->open_outbox();
    CHECK(store->outbox_pruner().prune(at(1000), 100).value() == 0);  // nobody has read anything
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 8;
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->outbox_pruner().prune(at(4), 100).value() == 3);
    CHECK(store->outbox_pruner().prune(at(1000), 2).value() == 2);
    CHECK(store->outbox_pruner().prune(at(1000), 100).value() == 2);
    CHECK(log->head().value() == 10);
    auto const gone = log->read(7, 10);
    REQUIRE(gone.has_error());
    CHECK(gone.error().code == ErrorCode::not_found);
    CHECK(log->read(0, 1).has_error());
    CHECK(log->read(8, 10).value().size() == 3);
    store->reopen();
    ingest(*store, {observation(11, {{"AAPL", "1"}}, 11)});
    CHECK(store->open_outbox()->read(11, 1).value().at(0).position == 11);
}

TEST_CASE("positions go on where they were after everything was pruned") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}}, 1)});
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 2;
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->outbox_pruner().prune(at(1000), 100).value() == 1);
    CHECK(store->open_outbox()->read(1, 1).has_error());
    CHECK(store->open_outbox()->read(2, 1).value().empty());
    ingest(*store, {observation(2, {{"AAPL", "1"}}, 2)});
    CHECK(store->open_outbox()->read(2, 1).value().at(0).position == 2);
}

TEST_CASE("raw rows age, points stay") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 5; ++i) ingest(*store, {observation(i, {{"AAPL", "1"}}, static_cast<std::int64_t>(i))});
    CHECK(store->raw_retention().prune_raw(at(4), 2).value() == 2);
    CHECK(store->raw_retention().prune_raw(at(4), 100).value() == 1);
    CHECK(store->raw_retention().prune_raw(at(4), 100).value() == 0);
    CHECK(store->raw_rows() == 2);
    CHECK(all_points(*store, series("AAPL")).size() == 5);
    CHECK(store->run(store->prices().latest(series("AAPL"))).value()->seq == 5);
}

TEST_CASE("a settled tick moves its group's progress, and never back") {
    auto const store = make_store_under_test();
    Observation tick = observation(1, {{"AAPL", "1"}});
    tick.tick = Tick{"simulated/1s", at(10), {}, 0};
    ingest(*store, {tick});
    CHECK(store->run(store->poll_plan().load(std::nullopt)).value()->last_settled.empty());
    Observation later = unanswered(2, {"AAPL"});
    later.tick = Tick{"simulated/1s", at(10), {}, 0};
    later.settles_tick = true;
    Observation earlier = unanswered(3, {"AAPL"});
    earlier.tick = Tick{"simulated/1s", at(9), {}, 0};
    earlier.settles_tick = true;
    ingest(*store, {later, earlier});
    auto const plan = store->run(store->poll_plan().load(std::nullopt)).value();
    CHECK(plan->last_settled == std::map<std::string, UtcTime>{{"simulated/1s", at(10)}});
}

}  // namespace mds::test
