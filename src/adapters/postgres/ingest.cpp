#include "adapters/postgres/ingest.hpp"

#include "adapters/postgres/ingest_batch.hpp"
#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <algorithm>

namespace mds::postgres {

IngestWriter::IngestWriter(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      names_(connection_),
      repeated_(
          metrics.counter("mds_postgres_repeated_observations_total", "Observations that were stored before and sent again")) {}

Result<IngestReceipt> IngestWriter::commit(std::span<Observation const> observations) {
    if (!std::ranges::all_of(observations, is_complete))
        return Error(ErrorCode::invalid_argument, "an observation without one result for every symbol asked for");
    Batch batch(observations);
    TransactionScope const scope(connection_);
    if (auto done = prepare(batch); !done) return done.error();
    if (auto done = look_up_repeated(batch); !done) return done.error();
    if (auto done = batch.number(names_); !done) return done.error();
    if (auto done = write(batch); !done) return done.error();
    repeated_.Increment(static_cast<double>(batch.receipt.repeated));
    return std::move(batch.receipt);
}

/// Begins, locks the series rows in the order of their ids, and only then, in statements of their own, looks for what is stored: a
/// statement's snapshot is as old as its beginning, and the try that it waited for would not be in it.
Result<void> IngestWriter::prepare(Batch& batch) {
    auto const series = batch.series();
    if (auto learned = names_.learn(series, batch.groups()); !learned) return learned;
    Column ids(Column::Type::bigint);
    for (Series const& each : series) ids.add(names_.series(each));
    connection_.send(sql::begin);
    connection_.send(sql::ingest::lock_series, ids);
    connection_.send(sql::ingest::stored_raw, batch.answered_ids());
    connection_.send(sql::ingest::stored_rejects, batch.unanswered_ids());
    auto replies = connection_.run();
    if (!replies) return replies.error();
    for (Rows& rows = replies->at(1); rows.next();) batch.locked(rows.integer(0), read_series_state(rows, 1));
    if (replies->at(1).size() != ids.size()) return damaged("rows of series that were there before");
    for (std::size_t reply : {2u, 3u})
        for (Rows& rows = replies->at(reply); rows.next();) batch.stored(rows.uuid(0));
    return {};
}

/// A batch sent again is rare: only then its points are read.
Result<void> IngestWriter::look_up_repeated(Batch& batch) {
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

Result<void> IngestWriter::write(Batch& batch) {
    auto const& raw = batch.raw;
    if (!raw.id.empty())
        connection_.send(sql::ingest::insert_raw, raw.id, raw.provider, raw.symbols, raw.http_status, raw.content_type, raw.body,
                         raw.truncated, raw.fetched_at, raw.duration, raw.cause, raw.attempt, raw.group_id, raw.tick_due);
    auto const& points = batch.points;
    if (!points.id.empty())
        connection_.send(sql::ingest::insert_points, points.series_id, points.seq, points.id, points.price, points.timestamp,
                         points.fetched_at, points.raw_id, points.time_source, points.currency);
    auto const& rejects = batch.rejects;
    if (!rejects.fetch_id.empty())
        connection_.send(sql::ingest::insert_rejects, rejects.fetch_id, rejects.symbol_name, rejects.provider, rejects.outcome,
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
    connection_.send(sql::commit);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    return {};
}

}  // namespace mds::postgres
