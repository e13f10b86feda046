#include "adapters/postgres/averaging.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <set>

namespace mds::postgres {

AverageStore::AverageStore(ConnectionOptions const& options, Condition& condition, support::Metrics& metrics)
    : connection_(options, Side::write, condition),
      names_(connection_),
      foreign_(connection_, names_),
      repeated_(metrics.counter("mds_postgres_repeated_averages_total", "Averages that were stored before and computed again")),
      fenced_(metrics.counter("mds_postgres_fenced_commits_total", "Commits of a former owner of a partition, refused")) {}

Result<PartitionClaim> AverageStore::claim(std::string_view topic, std::int32_t partition) {
    auto rows = connection_.ask(sql::averaging::claim, topic, std::int64_t{partition});
    if (!rows) return rows.error();
    PartitionClaim claim;
    claim.topic = topic;
    claim.partition = partition;
    if (rows->next()) {
        claim.epoch = rows->integer(0);
        claim.next = rows->integer(1);
    }
    return claim;
}

/// An average that is there already should not be possible: offsets and sequence numbers both keep repeats out. The index is the
/// tripwire; then the whole is done over in the way that passes over them.
Result<void> AverageStore::commit(AveragingBatch const& batch) {
    auto done = commit_with(batch, &AverageStore::copy);
    bool const tripped =
        !done && done.error().code == ErrorCode::invalid_argument && connection_.last_fault() == Fault::repeated_row;
    if (tripped) done = commit_with(batch, &AverageStore::insert_missing);
    return done;
}

Result<void> AverageStore::commit_with(AveragingBatch const& batch, WriteAverages write_averages) {
    std::set<Series> series;
    for (AverageRow const& row : batch.averages)
        if (!names_.knows(row.series)) series.insert(row.series);
    if (auto learned = names_.learn(series, {}); !learned) return learned;
    if (auto learned = foreign_.learn(batch.foreign); !learned) return learned;
    TransactionScope const scope(connection_);
    connection_.send(sql::begin);
    connection_.send(sql::averaging::advance, std::string_view(batch.claim.topic), std::int64_t{batch.claim.partition},
                     batch.claim.epoch, batch.claim.next, batch.new_next);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    if (replies->at(1).changes() == 0) {
        fenced_.Increment();
        return Error(ErrorCode::fenced, "the partition belongs to somebody else");
    }
    if (!batch.averages.empty())
        if (auto written = (this->*write_averages)(batch.averages); !written) return written;
    auto const write = [&](std::span<AverageRow const> rows) { return (this->*write_averages)(rows); };
    if (!batch.foreign.empty())
        if (auto written = foreign_.write(batch.foreign, write); !written) return written;
    // Last, because from here to COMMIT no ingest can go on.
    if (!batch.dead_letters.empty()) connection_.send(sql::averaging::lock_head);
    for (DeadLetter const& letter : batch.dead_letters) send(letter);
    connection_.send(sql::commit);
    auto committed = connection_.run();
    if (!committed) return committed.error();
    return {};
}

/// The fastest way in; in binary the server has nothing to parse.
Result<void> AverageStore::copy(std::span<AverageRow const> rows) {
    CopyRows data;
    for (AverageRow const& row : rows)
        data.add(names_.series(row.series), std::int32_t{stored_period}, row.seq, row.value, row.timestamp, row.fetched_at);
    auto copied = connection_.copy_in(
        "COPY moving_average (series_id, interval, seq, average_price, timestamp, fetched_at) "
        "FROM STDIN (FORMAT binary)",
        data.finish());
    if (!copied) return copied.error();
    return {};
}

Result<void> AverageStore::insert_missing(std::span<AverageRow const> rows) {
    Column series(Column::Type::bigint), seq(Column::Type::bigint), value(Column::Type::text);
    Column timestamp(Column::Type::timestamptz), fetched_at(Column::Type::timestamptz);
    for (AverageRow const& row : rows) {
        series.add(names_.series(row.series));
        seq.add(row.seq);
        value.add(std::string_view(row.value.to_string()));
        timestamp.add(row.timestamp);
        fetched_at.add(row.fetched_at);
    }
    auto inserted =
        connection_.ask(sql::averaging::insert_averages, series, seq, value, timestamp, fetched_at, std::int64_t{stored_period});
    if (!inserted) return inserted.error();
    repeated_.Increment(static_cast<double>(rows.size()) - static_cast<double>(inserted->changes()));
    return {};
}

void AverageStore::send(DeadLetter const& letter) {
    std::string const topic = clean_text(letter.topic);
    connection_.send(sql::averaging::insert_dead_letter, std::string_view(topic), std::int64_t{letter.partition}, letter.offset,
                     Bytes{letter.key}, Bytes{letter.value}, std::string_view(clean_text(letter.error_class)),
                     std::string_view(clean_text(letter.error)), letter.received_at);
    std::int64_t ordinal = 0;
    for (auto const& [name, content] : letter.headers)
        connection_.send(sql::averaging::insert_dead_header, std::string_view(topic), std::int64_t{letter.partition}, letter.offset,
                         ordinal++, Bytes{name}, Bytes{content});
}

Result<SeriesProgress> AverageStore::progress(Series const& series) {
    auto rows = connection_.ask(sql::averaging::last_averaged, std::string_view(series.symbol.str()),
                                std::string_view(series.provider), std::int64_t{stored_period});
    if (!rows) return rows.error();
    SeriesProgress progress;
    if (rows->next()) progress.last_averaged = rows->integer(0);
    return progress;
}

Result<std::vector<PricePoint>> AverageStore::points(Series const& series, std::int64_t first, std::int64_t last) {
    auto rows = connection_.ask(sql::averaging::points, std::string_view(series.symbol.str()), std::string_view(series.provider),
                                first, last);
    if (!rows) return rows.error();
    std::vector<PricePoint> points;
    points.reserve(rows->size());
    while (rows->next()) {
        auto point = read_point(*rows, 0, series);
        if (!point) return damaged("a price of price_points");
        points.push_back(*std::move(point));
    }
    return points;
}

}  // namespace mds::postgres
