#include "adapters/sqlite/averaging.hpp"

#include "adapters/sqlite/point_row.hpp"

namespace mds::sqlite {

AverageWriter::AverageWriter(WriteSide& side, IngestWriter& ingest, support::Metrics& metrics)
    : side_(side),
      connection_(side.connection),
      claim_(connection_,
             "INSERT INTO consumer_offsets (topic, partition, epoch, next) VALUES (?, ?, 1, 0) "
             "ON CONFLICT (topic, partition) DO UPDATE SET epoch = epoch + 1 RETURNING epoch, next"),
      advance_(connection_,
               "UPDATE consumer_offsets SET next = ?5 WHERE topic = ?1 AND partition = ?2 AND epoch = ?3 AND next = ?4"),
      average_(
          connection_,
          "INSERT INTO moving_average (series_id, interval, seq, average_price, timestamp, fetched_at) VALUES (?, ?, ?, ?, ?, ?) "
          "ON CONFLICT DO NOTHING"),
      dead_letter_(connection_,
                   "INSERT INTO dead_letters (topic, partition, offset, key, value, error_class, error, received_at, position) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT position + 1 FROM outbox_head WHERE id = 1)) ON CONFLICT DO NOTHING"),
      dead_header_(connection_,
                   "INSERT INTO dead_letter_headers (topic, partition, offset, ordinal, name, value) VALUES (?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT DO NOTHING"),
      take_position_(connection_, "UPDATE outbox_head SET position = position + 1 WHERE id = 1"),
      publish_(connection_, "INSERT INTO outbox (position, series_id, seq) SELECT position, 0, 0 FROM outbox_head WHERE id = 1"),
      foreign_(side, ingest),
      repeated_(metrics.counter("mds_sqlite_repeated_averages_total", "Averages that were stored before and computed again")),
      fenced_(metrics.counter("mds_sqlite_fenced_commits_total", "Commits of a former owner of a partition, refused")) {}

Result<PartitionClaim> AverageWriter::claim(std::string_view topic, std::int32_t partition) {
    WriteTransaction transaction(side_);
    PartitionClaim claim;
    claim.topic = topic;
    claim.partition = partition;
    {
        auto rows = claim_.query(topic, partition);
        while (rows.next()) {
            claim.epoch = rows.integer(0);
            claim.next = rows.integer(1);
        }
    }
    if (auto done = transaction.commit(); !done) return done.error();
    return claim;
}

Result<void> AverageWriter::commit(std::span<AveragingBatch const> batches, std::function<void()> const&) {
    WriteTransaction transaction(side_);
    repeats_ = 0;
    for (AveragingBatch const& batch : batches) {
        if (advance(batch)) continue;
        fenced_.Increment();
        return Error(ErrorCode::fenced, "the partition belongs to somebody else");
    }
    for (AveragingBatch const& batch : batches)
        for (AverageRow const& row : batch.averages) write(row);
    for (AveragingBatch const& batch : batches) {
        for (DeadLetter const& letter : batch.dead_letters) write(letter);
        for (Observation const& event : batch.foreign) write(event);
    }
    auto done = transaction.commit();
    if (done) repeated_.Increment(static_cast<double>(repeats_));
    return done;
}

/// False: it is not ours. What else may have gone wrong shows with the commit.
bool AverageWriter::advance(AveragingBatch const& batch) {
    advance_.run(batch.claim.topic, batch.claim.partition, batch.claim.epoch, batch.claim.next, batch.new_next);
    return connection_.failed() || connection_.changes() > 0;
}

void AverageWriter::write(AverageRow const& row) {
    auto const series = side_.series.id(row.series.symbol, row.series.provider);
    if (!series) return;
    text_ = row.value.to_string();
    average_.run(*series, stored_period, row.seq, text_, row.timestamp, row.fetched_at);
    if (!connection_.failed() && connection_.changes() == 0) ++repeats_;
}

void AverageWriter::write(DeadLetter const& letter) {
    Bytes const key{letter.key};
    Bytes const value{letter.value};
    dead_letter_.run(letter.topic, letter.partition, letter.offset, key, value, letter.error_class, letter.error,
                     letter.received_at);
    if (connection_.failed() || connection_.changes() == 0) return;
    take_position_.run();
    publish_.run();
    std::int64_t ordinal = 0;
    for (auto const& [name, content] : letter.headers) {
        Bytes const header_name{name};
        Bytes const header_value{content};
        dead_header_.run(letter.topic, letter.partition, letter.offset, ordinal++, header_name, header_value);
    }
}

void AverageWriter::write(Observation const& foreign) {
    foreign_.write(foreign, [this](PricePoint const& point, Average value) {
        write(AverageRow(point.series, value, point.timestamp, point.fetched_at, point.seq));
    });
}

HistoryReader::HistoryReader(ConnectionOptions const& options, Condition& condition)
    : connection_(options, Side::read, condition),
      last_averaged_(connection_,
                     "SELECT max(m.seq) FROM moving_average m WHERE m.interval = ?3 "
                     "AND m.series_id = (SELECT id FROM series WHERE symbol = ?1 AND provider = ?2)"),
      points_(connection_, "SELECT " + std::string(point_columns) +
                               " FROM price_points p WHERE p.series_id = (SELECT id FROM series WHERE symbol = ? AND provider = ?) "
                               "AND p.seq BETWEEN ? AND ? ORDER BY p.seq") {}

Result<SeriesProgress> HistoryReader::progress(Series const& series) {
    Transaction snapshot(connection_);
    SeriesProgress progress;
    {
        auto rows = last_averaged_.query(series.symbol.str(), series.provider, stored_period);
        if (rows.next()) progress.last_averaged = rows.integer(0);
    }
    if (auto done = snapshot.commit(); !done) return done.error();
    return progress;
}

Result<std::vector<PricePoint>> HistoryReader::points(Series const& series, std::int64_t first, std::int64_t last) {
    Transaction snapshot(connection_);
    std::vector<PricePoint> points;
    {
        auto rows = points_.query(series.symbol.str(), series.provider, first, last);
        while (rows.next())
            if (auto point = read_point(connection_, rows, 0, series)) points.push_back(*std::move(point));
    }
    if (auto done = snapshot.commit(); !done) return done.error();
    return points;
}

}  // namespace mds::sqlite
