#include "adapters/postgres/outbox.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <algorithm>
#include <map>

namespace mds::postgres {

Result<std::vector<OutboxEvent>> OutboxReader::read(std::int64_t first, std::size_t max) {
    std::int64_t const wanted = std::max<std::int64_t>(first, 1);
    auto const ask = [&] { return connection_.ask(sql::outbox::read, wanted, static_cast<std::int64_t>(max)); };
    auto rows = with_fresh_connection(connection_, ask);
    if (!rows) return rows.error();
    std::vector<OutboxEvent> events;
    events.reserve(rows->size());
    std::int64_t head = 0;
    bool letters = false;
    while (rows->next()) {
        head = rows->integer(0);
        if (rows->is_null(2)) continue;
        if (rows->is_null(3)) {
            letters = true;
            events.emplace_back(rows->integer(2), DeadLetter{});
            continue;
        }
        auto point = read_named_point(*rows, 3);
        if (!point) return damaged("a point of the outbox");
        events.emplace_back(rows->integer(2), PriceEvent(*std::move(point), rows->integer(1)));
    }
    bool const begins_later = events.empty() ? wanted <= head && max > 0 : events.front().position != wanted;
    if (begins_later) return Error(ErrorCode::not_found, "the events were pruned");
    if (letters)
        if (auto filled = fill_in_letters(events); !filled) return filled.error();
    return events;
}

/// They are rare, so they are read apart; and never removed, so what the entries named is still there.
Result<void> OutboxReader::fill_in_letters(std::vector<OutboxEvent>& events) {
    std::map<std::int64_t, OutboxEvent*> by_position;
    Column positions(Column::Type::bigint);
    for (OutboxEvent& event : events) {
        if (event.dead_letter() == nullptr) continue;
        by_position.emplace(event.position, &event);
        positions.add(event.position);
    }
    connection_.send(sql::outbox::letters, positions);
    connection_.send(sql::outbox::letter_headers, positions);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    if (replies->at(0).size() != by_position.size()) return damaged("a dead letter of the outbox");
    for (Rows& rows = replies->at(0); rows.next();) {
        OutboxEvent& event = *by_position.at(rows.integer(0));
        auto& letter = std::get<DeadLetter>(event.content);
        letter.topic = rows.text(1);
        letter.partition = static_cast<std::int32_t>(rows.integer(2));
        letter.offset = rows.integer(3);
        letter.key = rows.text(4);
        letter.value = rows.text(5);
        letter.error_class = rows.text(6);
        letter.error = rows.text(7);
        letter.received_at = rows.time(8);
        event.replayed = rows.boolean(9);
    }
    for (Rows& rows = replies->at(1); rows.next();)
        std::get<DeadLetter>(by_position.at(rows.integer(0))->content).headers.emplace_back(rows.text(1), rows.text(2));
    return {};
}

Result<std::int64_t> OutboxReader::head() {
    auto const ask = [&] { return connection_.ask(sql::outbox::head); };
    auto rows = with_fresh_connection(connection_, ask);
    if (!rows) return rows.error();
    return rows->next() ? rows->integer(0) : 0;
}

Pruner::Pruner(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      pruned_events_(
          metrics.counter("mds_postgres_pruned_events_total", "Outbox entries removed after every reader had passed them")),
      pruned_raw_(metrics.counter("mds_postgres_pruned_raw_rows_total", "Raw rows and rejects removed by age")) {}

Result<std::size_t> Pruner::prune(UtcTime older_than, std::size_t max) {
    auto rows = connection_.ask(sql::outbox::prune, older_than, static_cast<std::int64_t>(max));
    if (!rows) return rows.error();
    pruned_events_.Increment(static_cast<double>(rows->changes()));
    return static_cast<std::size_t>(rows->changes());
}

Result<std::size_t> Pruner::prune_raw(UtcTime older_than, std::size_t max) {
    connection_.send(sql::outbox::prune_raw, older_than, static_cast<std::int64_t>(max));
    connection_.send(sql::outbox::prune_outcomes, older_than, static_cast<std::int64_t>(max));
    auto replies = connection_.run();
    if (!replies) return replies.error();
    std::int64_t const removed = replies->at(0).changes() + replies->at(1).changes();
    pruned_raw_.Increment(static_cast<double>(removed));
    return static_cast<std::size_t>(removed);
}

Result<std::size_t> append_dead_letters(Connection& connection, std::string_view error_class) {
    for (std::size_t appended = 0;;) {
        connection.send(sql::begin);
        connection.send(sql::averaging::lock_head);
        connection.send(sql::outbox::replay, error_class);
        connection.send(sql::commit);
        auto const replies = connection.run();
        if (!replies) return replies.error();
        auto const some = static_cast<std::size_t>(replies->at(2).changes());
        if (some == 0) return appended;
        appended += some;
    }
}

}  // namespace mds::postgres
