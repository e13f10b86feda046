#include "adapters/sqlite/outbox.hpp"

#include "adapters/sqlite/point_row.hpp"

#include <algorithm>

namespace mds::sqlite {

OutboxReader::OutboxReader(ConnectionOptions const& options, Condition& condition)
    : connection_(options, Side::read, condition),
      events_(connection_, "SELECT o.position, s.symbol, s.provider, " + std::string(point_columns) +
                               " FROM outbox o LEFT JOIN price_points p ON p.series_id = o.series_id AND p.seq = o.seq "
                               "LEFT JOIN series s ON s.id = o.series_id WHERE o.position >= ? ORDER BY o.position LIMIT ?"),
      letter_(connection_,
              "SELECT topic, partition, offset, key, value, error_class, error, received_at, replay_position IS ?1 FROM "
              "dead_letters WHERE position = ?1 OR replay_position = ?1"),
      letter_headers_(
          connection_,
          "SELECT name, value FROM dead_letter_headers WHERE topic = ? AND partition = ? AND offset = ? ORDER BY ordinal"),
      head_(connection_, "SELECT position FROM outbox_head WHERE id = 1"),
      epoch_(connection_, "SELECT store_epoch FROM store_meta WHERE id = 1") {}

std::int64_t OutboxReader::number(Statement& statement) {
    auto rows = statement.query();
    return rows.next() ? rows.integer(0) : 0;
}

std::optional<OutboxEvent> OutboxReader::dead_letter(std::int64_t position) {
    auto rows = letter_.query(position);
    if (!rows.next()) return std::nullopt;
    DeadLetter letter;
    letter.topic = rows.text(0);
    letter.partition = static_cast<std::int32_t>(rows.integer(1));
    letter.offset = rows.integer(2);
    letter.key = rows.bytes(3);
    letter.value = rows.bytes(4);
    letter.error_class = rows.text(5);
    letter.error = rows.text(6);
    letter.received_at = rows.time(7);
    auto headers = letter_headers_.query(letter.topic, letter.partition, letter.offset);
    while (headers.next()) letter.headers.emplace_back(headers.bytes(0), headers.bytes(1));
    OutboxEvent event(position, std::move(letter));
    event.replayed = rows.integer(8) != 0;
    return event;
}

Result<std::vector<OutboxEvent>> OutboxReader::read(std::int64_t first, std::size_t max) {
    std::int64_t const wanted = std::max<std::int64_t>(first, 1);
    std::vector<OutboxEvent> events;
    Transaction snapshot(connection_);
    std::int64_t const last = number(head_);
    if (wanted <= last) {
        std::int64_t const epoch = number(epoch_);
        auto rows = events_.query(wanted, max);
        while (rows.next()) {
            std::int64_t const position = rows.integer(0);
            if (rows.is_null(1)) {
                if (auto letter = dead_letter(position)) events.push_back(*std::move(letter));
            } else if (auto point = read_named_point(connection_, rows, 1)) {
                events.emplace_back(position, PriceEvent(*std::move(point), epoch));
            }
        }
    }
    if (auto done = snapshot.commit(); !done) return done.error();
    bool const begins_later = events.empty() ? wanted <= last && max > 0 : events.front().position != wanted;
    if (begins_later) return Error(ErrorCode::not_found, "the events were pruned");
    return events;
}

Result<std::int64_t> OutboxReader::head() {
    Transaction snapshot(connection_);
    std::int64_t const last = number(head_);
    if (auto done = snapshot.commit(); !done) return done.error();
    return last;
}

Pruner::Pruner(WriteSide& side, support::Metrics& metrics)
    : side_(side),
      // An event was written about when its point was fetched. Without any cursor nobody is known to have read: nothing goes. Where
      // there is a relay it is the one reader, and the consumers' offsets count the broker's records.
      // Only the old end of the log is looked at, `max` entries of it; the first that is too young keeps the ones behind it. A
      // dead letter keeps none: it stays in its own table.
      outbox_(side.connection,
              "WITH old AS MATERIALIZED (SELECT o.position, p.fetched_at FROM outbox o LEFT JOIN price_points p "
              "ON p.series_id = o.series_id AND p.seq = o.seq WHERE o.position < "
              "coalesce((SELECT min(next) FROM relay_cursor), (SELECT min(next) FROM consumer_offsets)) "
              "ORDER BY o.position LIMIT ?2) DELETE FROM outbox WHERE position <= (SELECT max(position) FROM old) "
              "AND position < coalesce((SELECT min(position) FROM old WHERE fetched_at >= ?1), 9223372036854775807)"),
      raw_(side.connection,
           "DELETE FROM raw_market_data WHERE rowid IN (SELECT rowid FROM raw_market_data ORDER BY rowid LIMIT ?2) AND fetched_at "
           "< ?1"),
      outcomes_(side.connection,
                "DELETE FROM fetch_outcomes WHERE (fetch_id, symbol) IN (SELECT fetch_id, symbol FROM fetch_outcomes "
                "ORDER BY fetch_id, symbol LIMIT ?2) AND fetched_at < ?1"),
      pruned_events_(
          metrics.counter("mds_sqlite_pruned_events_total", "Outbox entries removed after every reader had passed them")),
      pruned_raw_(metrics.counter("mds_sqlite_pruned_raw_rows_total", "Raw rows and rejects removed by age")) {}

Result<std::size_t> Pruner::prune(UtcTime older_than, std::size_t max) {
    WriteTransaction transaction(side_);
    outbox_.run(older_than, max);
    std::int64_t const removed = side_.connection.failed() ? 0 : side_.connection.changes();
    if (auto done = transaction.commit(); !done) return done.error();
    pruned_events_.Increment(static_cast<double>(removed));
    return static_cast<std::size_t>(removed);
}

Result<std::size_t> Pruner::prune_raw(UtcTime older_than, std::size_t max) {
    WriteTransaction transaction(side_);
    raw_.run(older_than, max);
    std::int64_t removed = side_.connection.failed() ? 0 : side_.connection.changes();
    outcomes_.run(older_than, max);
    if (!side_.connection.failed()) removed += side_.connection.changes();
    if (auto done = transaction.commit(); !done) return done.error();
    pruned_raw_.Increment(static_cast<double>(removed));
    return static_cast<std::size_t>(removed);
}

Result<std::size_t> append_dead_letters(WriteSide& side, std::string_view error_class) {
    Statement mark(
        side.connection,
        "UPDATE dead_letters SET replay_position = due.place FROM (SELECT rowid AS id, (SELECT position FROM outbox_head) + "
        "row_number() OVER (ORDER BY received_at, topic, partition, offset) AS place FROM dead_letters WHERE "
        "replay_position IS NULL AND (?1 = '' OR error_class = ?1)) AS due WHERE dead_letters.rowid = due.id");
    Statement append(side.connection,
                     "INSERT INTO outbox (position, series_id, seq) SELECT replay_position, 0, 0 FROM dead_letters WHERE "
                     "replay_position > (SELECT position FROM outbox_head)");
    Statement move_head(side.connection,
                        "UPDATE outbox_head SET position = max(position, (SELECT coalesce(max(position), 0) FROM outbox))");
    WriteTransaction transaction(side);
    mark.run(error_class);
    std::int64_t const marked = side.connection.failed() ? 0 : side.connection.changes();
    append.run();
    move_head.run();
    if (auto done = transaction.commit(); !done) return done.error();
    return static_cast<std::size_t>(marked);
}

}  // namespace mds::sqlite
