// What a store must do where a broker carries the events: the relay's cursor, and points of other programs' events.

#include "support/catch.hpp"
#include "support/store_conformance.hpp"

#include <thread>

namespace mds::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Observation foreign(std::uint64_t number, std::string const& symbol, std::string const& price) {
    Observation event = observation(number, {{symbol, price}}, static_cast<std::int64_t>(number));
    event.cause = FetchCause::foreign;
    return event;
}

std::vector<std::string> averages_of(StoreUnderTest& store, Series const& of) {
    auto const page = store.run(store.averages().page(AverageQuery(of)));
    REQUIRE(page.has_value());
    std::vector<std::string> found;
    for (auto const& average : page->averages) found.push_back(std::to_string(average.seq) + ":" + average.value.to_string());
    return found;
}

DeadLetter letter(std::int64_t offset) {
    DeadLetter dead;
    dead.topic = "price-events";
    dead.offset = offset;
    dead.key = std::string("k\0", 2);
    dead.value = "\xff\xfe not json";
    dead.headers = {{"trace", std::string("\x00\x01", 2)}, {"trace", ""}};
    dead.error_class = "not_json";
    dead.error = "no JSON";
    dead.received_at = at(offset);
    return dead;
}

}  // namespace

TEST_CASE("the relay's cursor begins at the oldest event, moves by its holder, and survives a restart") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}, {"MSFT", "2"}})});
    auto const first = store->relay_cursor().claim("one", seconds(60)).value();
    REQUIRE(first);
    CHECK(first->next == 1);
    REQUIRE(store->relay_cursor().advance(*first, 3, seconds(60)).has_value());
    CHECK(store->relay_cursor().advance(*first, 3, seconds(60)).error().code == ErrorCode::fenced);
    store->relay_cursor().advance(RelayClaim{first->term, 3}, 3, milliseconds(0)).value();
    store->reopen();
    auto const again = store->relay_cursor().claim("two", seconds(60)).value();
    REQUIRE(again);
    CHECK(again->next == 3);
    CHECK(again->term > first->term);
}

TEST_CASE("one relay holds the cursor until its lease ends; its former holder cannot move it") {
    auto const store = make_store_under_test();
    auto& cursor = store->relay_cursor();
    auto const first = cursor.claim("one", milliseconds(300)).value();
    REQUIRE(first);
    CHECK_FALSE(cursor.claim("two", seconds(60)).value());
    auto const renewed = cursor.claim("one", milliseconds(300)).value();
    REQUIRE(renewed);
    CHECK(renewed->term > first->term);
    std::optional<RelayClaim> second;
    auto const deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!second && std::chrono::steady_clock::now() < deadline) {
        second = cursor.claim("two", seconds(60)).value();
        std::this_thread::yield();
    }
    REQUIRE(second);
    CHECK(cursor.advance(*renewed, 5, seconds(60)).error().code == ErrorCode::fenced);
    CHECK(cursor.advance(*second, second->next, milliseconds(0)).has_value());
    CHECK(cursor.claim("one", seconds(60)).value());
}

TEST_CASE("where there is a relay the outbox is pruned behind its cursor, whatever consumers read") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 6; ++i) ingest(*store, {observation(i, {{"AAPL", "1"}}, static_cast<std::int64_t>(i))});
    auto const claim = store->relay_cursor().claim("one", seconds(60)).value().value();
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 100;
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->outbox_pruner().prune(at(1000), 100).value() == 0);
    REQUIRE(store->relay_cursor().advance(claim, 4, seconds(60)).has_value());
    CHECK(store->outbox_pruner().prune(at(1000), 100).value() == 3);
}

TEST_CASE("offsets are forgotten when what they count changes: outbox to broker, and back") {
    auto const store = make_store_under_test();
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 40;
    REQUIRE(store->averaging().commit(batch).has_value());
    REQUIRE(store->relay_cursor().retire().has_value());
    CHECK(store->averaging().claim("price-events", 0).value().next == 40);
    REQUIRE(store->relay_cursor().claim("one", seconds(60)).value());
    batch.claim = store->averaging().claim("price-events", 0).value();
    CHECK(batch.claim.next == 0);
    batch.new_next = 7;
    REQUIRE(store->averaging().commit(batch).has_value());
    REQUIRE(store->relay_cursor().claim("one", seconds(60)).value());
    CHECK(store->averaging().claim("price-events", 0).value().next == 7);
    REQUIRE(store->relay_cursor().retire().has_value());
    CHECK(store->averaging().claim("price-events", 0).value().next == 0);
}

TEST_CASE("a foreign event becomes the next point of its series, averaged in the same transaction") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 5; ++i) ingest(*store, {observation(i, {{"AAPL", std::to_string(i)}})});
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 3).value();
    batch.new_next = 2;
    batch.foreign = {foreign(10, "AAPL", "6"), foreign(11, "MSFT", "9")};
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(averages_of(*store, series("AAPL")) == std::vector<std::string>{"6:4", "5:3"});
    CHECK(averages_of(*store, series("MSFT")).empty());
    auto const points = all_points(*store, series("AAPL"));
    REQUIRE(points.size() == 6);
    CHECK(points.back().raw_id == batch.foreign.front().raw_id);
    CHECK(points.back().fetched_at == batch.foreign.front().fetched_at);
    CHECK(store->raw_rows() == 7);
    CHECK(store->open_outbox()->head().value() == 5);
    ingest(*store, {observation(20, {{"AAPL", "7"}})});
    CHECK(all_points(*store, series("AAPL")).back().seq == 7);
}

TEST_CASE("a foreign event that is stored already is skipped, and a fenced batch leaves none") {
    auto const store = make_store_under_test();
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 1;
    for (std::uint64_t i = 1; i <= 5; ++i) batch.foreign.push_back(foreign(i, "AAPL", std::to_string(i)));
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->averaging().commit(batch).error().code == ErrorCode::fenced);
    batch.claim.next = 1;
    batch.new_next = 2;
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(all_points(*store, series("AAPL")).size() == 5);
    CHECK(averages_of(*store, series("AAPL")) == std::vector<std::string>{"5:3"});
    auto stale = batch;
    stale.foreign = {foreign(77, "AAPL", "1")};
    CHECK(store->averaging().commit(stale).error().code == ErrorCode::fenced);
    CHECK(all_points(*store, series("AAPL")).size() == 5);
    CHECK(store->raw_rows() == 5);
}

TEST_CASE("a foreign event finds its series' points of before averaged as well, however many they are") {
    auto const store = make_store_under_test();
    std::vector<Observation> before;
    for (std::uint64_t i = 1; i <= 40; ++i) before.push_back(observation(i, {{"AAPL", std::to_string(i)}, {"IBM", "3"}}));
    ingest(*store, before);
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 1;
    batch.averages.emplace_back(series("AAPL"), mean(std::vector<Price>(5, Price::parse("3").price.value())), at(0), at(0), 5);
    batch.foreign = {foreign(50, "AAPL", "41"), foreign(51, "AAPL", "42"), foreign(52, "IBM", "3")};
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const found = averages_of(*store, series("AAPL"));
    REQUIRE(found.size() == 38);
    CHECK(found.front() == "42:40");
    CHECK(found.back() == "5:3");
    CHECK(averages_of(*store, series("IBM")).size() == 37);
}

TEST_CASE("batches of several partitions are one transaction: all of it, or nothing where one of them is not ours") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 5; ++i) ingest(*store, {observation(i, {{"AAPL", std::to_string(i)}, {"IBM", "7"}})});
    auto const three = mean(std::vector<Price>(5, Price::parse("3").price.value()));
    std::vector<AveragingBatch> batches(3);
    for (std::int32_t partition = 0; partition < 3; ++partition) {
        auto& batch = batches[static_cast<std::size_t>(partition)];
        batch.claim = store->averaging().claim("price-events", partition).value();
        batch.new_next = 10 + partition;
    }
    batches[0].averages.emplace_back(series("AAPL"), three, at(0), at(0), 5);
    batches[1].foreign = {foreign(10, "MSFT", "9")};
    batches[1].dead_letters = {letter(4)};
    batches[2].foreign = {foreign(11, "IBM", "7")};
    auto const theirs = store->averaging().claim("price-events", 2).value();
    auto const refused = store->averaging().commit(batches);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::fenced);
    CHECK(averages_of(*store, series("AAPL")).empty());
    CHECK(all_points(*store, series("MSFT")).empty());
    CHECK(store->open_outbox()->head().value() == 10);
    batches[2].claim = theirs;
    REQUIRE(store->averaging().commit(batches).has_value());
    CHECK(averages_of(*store, series("AAPL")) == std::vector<std::string>{"5:3"});
    CHECK(averages_of(*store, series("IBM")) == std::vector<std::string>{"6:7", "5:7"});
    CHECK(all_points(*store, series("MSFT")).size() == 1);
    CHECK(store->open_outbox()->head().value() == 11);  // the dead letter
    CHECK(store->averaging().commit(batches).error().code == ErrorCode::fenced);
    for (std::int32_t partition = 0; partition < 3; ++partition)
        CHECK(store->averaging().claim("price-events", partition).value().next == 10 + partition);
}

TEST_CASE("an average that two partitions bring at once is written once") {
    auto const store = make_store_under_test();
    for (std::uint64_t i = 1; i <= 6; ++i) ingest(*store, {observation(i, {{"AAPL", "3"}})});
    auto const three = mean(std::vector<Price>(5, Price::parse("3").price.value()));
    std::vector<AveragingBatch> batches(2);
    for (std::int32_t partition = 0; partition < 2; ++partition) {
        auto& batch = batches[static_cast<std::size_t>(partition)];
        batch.claim = store->averaging().claim("price-events", partition).value();
        batch.new_next = 1;
        batch.averages.emplace_back(series("AAPL"), three, at(0), at(0), 5);
        if (partition == 1) batch.averages.emplace_back(series("AAPL"), three, at(0), at(0), 6);
    }
    REQUIRE(store->averaging().commit(batches).has_value());
    CHECK(averages_of(*store, series("AAPL")) == std::vector<std::string>{"6:3", "5:3"});
}

TEST_CASE("offsets of topics are apart") {
    auto const store = make_store_under_test();
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 9;
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const other = store->averaging().claim("other-events", 0).value();
    CHECK(other.topic == "other-events");
    CHECK(other.next == 0);
    CHECK(store->averaging().claim("price-events", 0).value().next == 9);
}

TEST_CASE("a dead letter stands in the outbox, once, byte for byte, between the prices") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}})});
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 9;
    batch.dead_letters = {letter(7), letter(8)};
    REQUIRE(store->averaging().commit(batch).has_value());
    ingest(*store, {observation(2, {{"AAPL", "2"}})});
    batch.claim.next = 9;  // the same records read again, as after a lost topic
    batch.new_next = 10;
    REQUIRE(store->averaging().commit(batch).has_value());
    auto const log = store->open_outbox();
    auto const entries = log->read(1, 10).value();
    REQUIRE(entries.size() == 4);
    CHECK(log->head().value() == 4);
    REQUIRE(entries[0].price() != nullptr);
    REQUIRE(entries[3].price() != nullptr);
    CHECK(entries[3].price()->point.seq == 2);
    auto const* const dead = entries[1].dead_letter();
    REQUIRE(dead != nullptr);
    REQUIRE(entries[2].dead_letter() != nullptr);
    CHECK(entries[2].dead_letter()->offset == 8);
    DeadLetter const sent = letter(7);
    CHECK(dead->topic == sent.topic);
    CHECK(dead->offset == 7);
    CHECK(dead->key == sent.key);
    CHECK(dead->value == sent.value);
    CHECK(dead->headers == sent.headers);
    CHECK(dead->error_class == sent.error_class);
    CHECK(dead->error == sent.error);
    CHECK(dead->received_at == sent.received_at);
    CHECK(log->read(2, 1).value().size() == 1);
    CHECK(log->read(2, 1).value().front().position == 2);
}

TEST_CASE("a dead letter is replayed once, as it came, and the letter itself is published before") {
    auto const store = make_store_under_test();
    CHECK(store->store().replay_dead_letters("") == 0);
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 9;
    batch.dead_letters = {letter(8), letter(7), letter(6)};
    batch.dead_letters[2].error_class = "newer_schema";
    REQUIRE(store->averaging().commit(batch).has_value());
    CHECK(store->store().replay_dead_letters("unheard_of") == 0);
    CHECK(store->store().replay_dead_letters("newer_schema") == 1);
    CHECK(store->store().replay_dead_letters("newer_schema") == 0);
    ingest(*store, {observation(1, {{"AAPL", "1"}})});
    CHECK(store->store().replay_dead_letters("") == 2);
    CHECK(store->store().replay_dead_letters("") == 0);
    store->reopen();
    auto const log = store->open_outbox();
    CHECK(log->head().value() == 7);
    auto const entries = log->read(1, 10).value();
    REQUIRE(entries.size() == 7);
    std::vector<std::pair<std::int64_t, bool>> found;  // the oldest letters are replayed first
    for (auto const& entry : entries) {
        CHECK(entry.position == static_cast<std::int64_t>(found.size()) + 1);
        auto const* const dead = entry.dead_letter();
        found.emplace_back(dead == nullptr ? 0 : dead->offset, entry.replayed);
    }
    CHECK(found == std::vector<std::pair<std::int64_t, bool>>{
                       {8, false}, {7, false}, {6, false}, {6, true}, {0, false}, {7, true}, {8, true}});
    DeadLetter const sent = letter(7);
    REQUIRE(entries[5].dead_letter() != nullptr);
    CHECK(entries[5].dead_letter()->key == sent.key);
    CHECK(entries[5].dead_letter()->value == sent.value);
    CHECK(entries[5].dead_letter()->headers == sent.headers);
}

TEST_CASE("dead letters are pruned from the outbox with the entries around them") {
    auto const store = make_store_under_test();
    ingest(*store, {observation(1, {{"AAPL", "1"}}, 10)});
    AveragingBatch batch;
    batch.claim = store->averaging().claim("price-events", 0).value();
    batch.new_next = 9;
    batch.dead_letters = {letter(5000)};
    REQUIRE(store->averaging().commit(batch).has_value());
    ingest(*store, {observation(2, {{"AAPL", "1"}}, 20)});
    auto const claim = store->relay_cursor().claim("one", seconds(60)).value().value();
    REQUIRE(store->relay_cursor().advance(claim, 4, seconds(60)).has_value());
    CHECK(store->outbox_pruner().prune(at(15), 100).value() == 2);
    CHECK(store->open_outbox()->read(3, 9).value().size() == 1);
}

}  // namespace mds::test
