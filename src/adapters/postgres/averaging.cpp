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
/// tripwire of COPY; then the whole is done over in the way that passes over them.
Result<void> AverageStore::commit(std::span<AveragingBatch const> batches, Meanwhile const& meanwhile) {
    std::size_t averages = 0;
    for (AveragingBatch const& batch : batches) averages += batch.averages.size();
    Way const way = cheapest_way(averages);
    auto done = commit_by(way, batches, meanwhile);
    bool const tripped = way == Way::copy && !done && done.error().code == ErrorCode::invalid_argument &&
                         connection_.last_fault() == Fault::repeated_row;
    return tripped ? commit_by(Way::insert, batches, meanwhile) : std::move(done);
}

/// What is of one kind is written for all partitions together, in few statements and in the one order in which everybody locks.
Result<void> AverageStore::commit_by(Way way, std::span<AveragingBatch const> batches, Meanwhile const& meanwhile) {
    AverageRuns averages;
    std::vector<Observation> foreign;
    bool letters = false;
    for (AveragingBatch const& batch : batches) {
        if (!batch.averages.empty()) averages.emplace_back(batch.averages);
        foreign.insert(foreign.end(), batch.foreign.begin(), batch.foreign.end());
        letters = letters || !batch.dead_letters.empty();
    }
    if (auto learned = learn(averages, foreign); !learned) return learned;
    TransactionScope const scope(connection_);
    if (auto ours = advance(batches, way == Way::insert ? averages : AverageRuns()); !ours) return ours;
    if (way == Way::copy)
        if (auto copied = copy(averages, meanwhile); !copied) return copied;
    auto const write = [this](std::span<AverageRow const> rows) { return insert_missing(AverageRuns{rows}); };
    if (!foreign.empty())
        if (auto written = foreign_.write(foreign, write); !written) return written;
    // Last, because from here to COMMIT no ingest can go on.
    if (letters) connection_.send(sql::averaging::lock_head);
    for (AveragingBatch const& batch : batches)
        for (DeadLetter const& letter : batch.dead_letters) send(letter);
    connection_.send(sql::commit);
    auto committed = connection_.run();
    if (!committed) return committed.error();
    return {};
}

/// All in one session: what is known ends with it.
Result<void> AverageStore::learn(AverageRuns const& averages, std::span<Observation const> foreign) {
    std::uint64_t session = 0;
    do {
        session = connection_.generation();
        if (auto learned = learn_series(averages); !learned) return learned;
        if (auto learned = foreign_.learn(foreign); !learned) return learned;
    } while (session != connection_.generation());
    return {};
}

Result<void> AverageStore::learn_series(AverageRuns const& runs) {
    std::set<Series> series;
    for (auto const run : runs)
        for (AverageRow const& row : run)
            if (!names_.knows(row.series)) series.insert(row.series);
    return names_.learn(series, {});
}

/// Begins the transaction, with `averages` in the same round trip.
Result<void> AverageStore::advance(std::span<AveragingBatch const> batches, AverageRuns const& averages) {
    connection_.send(sql::begin);
    for (AveragingBatch const& batch : batches)
        connection_.send(sql::averaging::advance, std::string_view(batch.claim.topic), std::int64_t{batch.claim.partition},
                         batch.claim.epoch, batch.claim.next, batch.new_next);
    auto const inserting = averages.empty() ? 0 : send_missing(averages);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    for (auto const& moved : std::span(*replies).subspan(1, batches.size())) {
        if (moved.changes() > 0) continue;
        fenced_.Increment();
        return Error(ErrorCode::fenced, "the partition belongs to somebody else");
    }
    if (inserting > 0) count_repeated(inserting, replies->back());
    return {};
}

/// The fastest way in; in binary the server has nothing to parse.
Result<void> AverageStore::copy(AverageRuns const& runs, Meanwhile const& meanwhile) {
    constexpr std::size_t bytes_in_row = 90;
    std::size_t rows = 0;
    for (auto const run : runs) rows += run.size();
    CopyRows data((rows + 1) * bytes_in_row);
    for (auto const run : runs)
        for (AverageRow const& row : run)
            data.add(names_.series(row.series), std::int32_t{stored_period}, row.seq, row.value, row.timestamp, row.fetched_at);
    auto copied = connection_.copy_in(
        "COPY moving_average (series_id, interval, seq, average_price, timestamp, fetched_at) "
        "FROM STDIN (FORMAT binary)",
        data.finish(), meanwhile);
    if (!copied) return copied.error();
    return {};
}

/// How many averages those are.
std::int64_t AverageStore::send_missing(AverageRuns const& runs) {
    Column series(Column::Type::bigint), seq(Column::Type::bigint), value(Column::Type::text);
    Column timestamp(Column::Type::timestamptz), fetched_at(Column::Type::timestamptz);
    for (auto const run : runs) {
        for (AverageRow const& row : run) {
            series.add(names_.series(row.series));
            seq.add(row.seq);
            value.add(std::string_view(row.value.to_string()));
            timestamp.add(row.timestamp);
            fetched_at.add(row.fetched_at);
        }
    }
    connection_.send(sql::averaging::insert_averages, series, seq, value, timestamp, fetched_at, std::int64_t{stored_period});
    return static_cast<std::int64_t>(series.size());
}

Result<void> AverageStore::insert_missing(AverageRuns const& runs) {
    auto const sent = send_missing(runs);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    count_repeated(sent, replies->back());
    return {};
}

void AverageStore::count_repeated(std::int64_t sent, Rows const& inserted) {
    repeated_.Increment(static_cast<double>(sent - inserted.changes()));
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
