#include "adapters/postgres/foreign_points.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <mds/domain/moving_average.hpp>

#include <map>
#include <set>

namespace mds::postgres {
namespace {

constexpr std::int64_t portion = 5000;  ///< points of one series that are in memory at once

}  // namespace

Result<void> ForeignPoints::learn(std::span<Observation const> events) {
    if (events.empty()) return {};
    return points_.learn(IngestBatch(events));
}

Result<void> ForeignPoints::write(std::span<Observation const> events, WriteAverages const& write_averages) {
    auto const fresh = not_stored(events);
    if (!fresh) return fresh.error();
    if (fresh->empty()) return {};
    IngestBatch batch(*fresh);
    if (auto done = points_.number(batch, Way::insert); !done) return done;
    if (auto done = points_.write(batch, Way::insert); !done) return done;
    if (auto done = connection_.run(); !done) return done.error();
    auto behind = batch.series();
    while (!behind.empty()) {
        std::vector<AverageRow> rows;
        auto more = fold_portion(behind, rows);
        if (!more) return more.error();
        if (!rows.empty())
            if (auto done = write_averages(rows); !done) return done;
        behind = std::move(*more);
    }
    return {};
}

/// Raw rows may have been pruned since: it is the point that tells.
Result<std::vector<Observation>> ForeignPoints::not_stored(std::span<Observation const> events) {
    Column ids(Column::Type::uuid);
    for (Observation const& event : events)
        if (auto const* const quote = event.results.front().quote()) ids.add(quote->point_id);
    auto rows = connection_.ask(sql::averaging::stored_points, ids);
    if (!rows) return rows.error();
    std::set<Uuid> stored;
    while (rows->next()) stored.insert(rows->uuid(0));
    std::vector<Observation> fresh;
    for (Observation const& event : events) {
        auto const* const quote = event.results.front().quote();
        if (quote != nullptr && stored.insert(quote->point_id).second) fresh.push_back(event);
    }
    return fresh;
}

/// The averages of the next points of each series; those of which there may be more.
Result<std::set<Series>> ForeignPoints::fold_portion(std::set<Series> const& behind, std::vector<AverageRow>& out) {
    std::map<std::int64_t, Series> by_id;
    Column ids(Column::Type::bigint);
    for (Series const& series : behind) {
        ids.add(names_.series(series));
        by_id.emplace(names_.series(series), series);
    }
    auto rows = connection_.ask(sql::averaging::not_averaged, ids, portion, std::int64_t{stored_period});
    if (!rows) return rows.error();
    std::set<Series> more;
    MovingWindow window;
    std::int64_t folding = 0;
    std::int64_t seen = 0;
    while (rows->next()) {
        std::int64_t const id = rows->integer(0);
        Series const& series = by_id.at(id);
        if (id != folding) {
            window = MovingWindow();
            folding = id;
            seen = 0;
        }
        if (++seen == portion) more.insert(series);
        auto const price = Price::parse(rows->bytes(3)).price;
        if (!price) return damaged("a price of price_points");
        if (window.push(*price) && rows->integer(2) > rows->integer(1))
            out.emplace_back(series, window.average(), rows->time(4), rows->time(5), rows->integer(2));
    }
    return more;
}

}  // namespace mds::postgres
