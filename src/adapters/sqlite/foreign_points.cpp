#include "adapters/sqlite/foreign_points.hpp"

#include "adapters/sqlite/point_row.hpp"

#include <mds/domain/moving_average.hpp>

#include <algorithm>

namespace mds::sqlite {

ForeignPoints::ForeignPoints(WriteSide& side, IngestWriter& ingest)
    : side_(side),
      ingest_(ingest),
      stored_(side.connection, "SELECT 1 FROM price_points WHERE id = ?"),
      last_averaged_(side.connection, "SELECT max(seq) FROM moving_average WHERE series_id = ? AND interval = ?"),
      points_(side.connection, "SELECT " + std::string(point_columns) +
                                   " FROM price_points p WHERE p.series_id = ? AND p.seq >= ? ORDER BY p.seq") {}

bool ForeignPoints::stored(Uuid const& point) {
    auto rows = stored_.query(point);
    return rows.next();
}

void ForeignPoints::write(Observation const& observation, std::function<void(PricePoint const&, Average)> const& visit) {
    Quote const* const quote = observation.results.front().quote();
    if (quote == nullptr || stored(quote->point_id)) return;
    ingest_.write_foreign(observation);
    auto const series = side_.series.id(observation.symbols.front(), observation.provider);
    if (!series) return;
    std::int64_t done = 0;
    if (auto rows = last_averaged_.query(*series, stored_period); rows.next()) done = rows.integer(0);
    done = std::max<std::int64_t>(done, stored_period - 1);
    MovingWindow window;
    Series const name(observation.symbols.front(), observation.provider);
    auto rows = points_.query(*series, done - stored_period + 2);
    while (rows.next()) {
        auto const point = read_point(side_.connection, rows, 0, name);
        if (point && window.push(point->price) && point->seq > done) visit(*point, window.average());
    }
}

}  // namespace mds::sqlite
