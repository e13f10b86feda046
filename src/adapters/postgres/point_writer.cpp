#include "adapters/postgres/point_writer.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <span>

namespace mds::postgres {

Result<void> PointWriter::learn(IngestBatch const& batch) {
    return names_.learn(batch.unknown_series(names_), batch.groups());
}

Result<void> PointWriter::number(IngestBatch& batch, Way way) {
    if (auto done = lock(batch, way); !done) return done;
    if (auto done = look_up_repeated(batch); !done) return done;
    return batch.number(names_);
}

/// Locks the series rows in the order of their ids, and only then, in statements of their own, looks for what is stored: a
/// statement's snapshot is as old as its beginning, and the try that it waited for would not be in it. COPY needs no look at
/// answers: it meets them in the index.
Result<void> PointWriter::lock(IngestBatch& batch, Way way) {
    Column ids(Column::Type::bigint);
    for (std::int64_t const number : batch.series_numbers(names_)) ids.add(number);
    connection_.send(sql::ingest::lock_series, ids);
    std::size_t sent = 1;
    if (way == Way::insert) {
        connection_.send(sql::ingest::stored_raw, batch.answered_ids());
        ++sent;
    }
    if (auto const unanswered = batch.unanswered_ids(); !unanswered.empty()) {
        connection_.send(sql::ingest::stored_rejects, unanswered);
        ++sent;
    }
    auto replies = connection_.run();
    if (!replies) return replies.error();
    auto const ours = std::span(*replies).last(sent);  // before them, what the caller had queued
    for (Rows& rows = ours[0]; rows.next();) batch.locked(rows.integer(0), read_series_state(rows, 1));
    if (ours[0].size() != ids.size()) return damaged("rows of series that were there before");
    for (Rows& rows : ours.subspan(1))
        while (rows.next()) batch.stored(rows.uuid(0));
    return {};
}

/// A batch sent again is rare: only then its points are read.
Result<void> PointWriter::look_up_repeated(IngestBatch& batch) {
    if (!batch.any_stored()) return {};
    auto rows = connection_.ask(sql::ingest::stored_points, batch.repeated_point_ids());
    if (!rows) return rows.error();
    while (rows->next()) {
        auto point = read_named_point(*rows, 0);
        if (!point) return damaged("a price of price_points");
        batch.stored(*std::move(point));
    }
    return {};
}

Result<void> PointWriter::copy(IngestBatch const& batch) {
    if (!batch.raw.empty()) {
        auto rows = copied(batch.raw);
        if (auto done = connection_.copy_in(sql::ingest::copy_raw, rows.finish()); !done) return done.error();
    }
    if (!batch.points.empty()) {
        auto rows = copied(batch.points);
        if (auto done = connection_.copy_in(sql::ingest::copy_points, rows.finish()); !done) return done.error();
    }
    return {};
}

void PointWriter::insert(IngestBatch const& batch) {
    if (!batch.raw.empty()) {
        RawColumns const raw(batch.raw);
        connection_.send(sql::ingest::insert_raw, raw.id, raw.provider, raw.symbols, raw.http_status, raw.content_type, raw.body,
                         raw.truncated, raw.fetched_at, raw.duration, raw.cause, raw.attempt, raw.group_id, raw.tick_due);
    }
    if (!batch.points.empty()) {
        PointColumns const points(batch.points);
        connection_.send(sql::ingest::insert_points, points.series_id, points.seq, points.id, points.price, points.timestamp,
                         points.fetched_at, points.raw_id, points.time_source, points.currency);
    }
}

Result<void> PointWriter::write(IngestBatch const& batch, Way way) {
    if (way == Way::insert)
        insert(batch);
    else if (auto done = copy(batch); !done)
        return done;
    auto const& rejects = batch.rejects;
    if (!rejects.id.empty())
        connection_.send(sql::ingest::insert_rejects, rejects.id, rejects.symbol_name, rejects.provider, rejects.outcome,
                         rejects.reason, rejects.answered, rejects.fetched_at, rejects.duration, rejects.cause, rejects.attempt,
                         rejects.group_id, rejects.tick_due);
    if (auto const series = batch.changed_series(); !series.id.empty())
        connection_.send(sql::ingest::update_series, series.id, series.last_seq, series.max_fetched, series.disorder,
                         series.polled_at, series.poll_due, series.poll_duration, series.failures, series.last_error);
    if (!batch.settled.empty()) {
        Column groups(Column::Type::bigint);
        Column due(Column::Type::timestamptz);
        for (auto const& [group, time] : batch.settled) {
            groups.add(group);
            due.add(time);
        }
        connection_.send(sql::ingest::settle, groups, due);
    }
    // Last, because from here to COMMIT no other ingest can go on.
    if (!batch.outbox_seq.empty())
        connection_.send(sql::ingest::publish, batch.outbox_series, batch.outbox_seq,
                         static_cast<std::int64_t>(batch.outbox_seq.size()));
    return {};
}

}  // namespace mds::postgres
