#include "adapters/sqlite/price_reads.hpp"

#include "adapters/sqlite/point_row.hpp"

#include <algorithm>
#include <limits>

namespace mds::sqlite {
namespace {

constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t latest_of_all = std::numeric_limits<std::int64_t>::max();

std::int64_t micros(UtcTime time) noexcept {
    return time.time_since_epoch().count();
}
std::int64_t from(std::optional<UtcTime> start) noexcept {
    return start ? micros(*start) : earliest;
}
std::int64_t until(std::optional<UtcTime> end) noexcept {
    return end ? micros(*end) : latest_of_all;
}

/// The page's size and one more, which tells whether there is a next page.
std::int64_t with_probe(std::size_t limit) noexcept {
    return static_cast<std::int64_t>(limit) + 1;
}

std::string page_of_points(char const* order) {
    return "SELECT " + std::string(point_columns) +
           " FROM price_points p WHERE p.series_id = ? AND p.seq BETWEEN ? AND ? AND p.fetched_at >= ? AND p.fetched_at < ? "
           "ORDER BY p.seq " +
           order + " LIMIT ?";
}

}  // namespace

PriceQueries::PriceQueries(Connection& connection)
    : connection_(connection),
      find_(connection, "SELECT id, last_seq, disorder FROM series WHERE symbol = ? AND provider = ?"),
      point_(connection, "SELECT " + std::string(point_columns) + " FROM price_points p WHERE p.series_id = ? AND p.seq = ?"),
      fetched_at_(connection, "SELECT fetched_at FROM price_points WHERE series_id = ? AND seq = ?"),
      ascending_(connection, page_of_points("ASC")),
      descending_(connection, page_of_points("DESC")),
      newest_average_(connection,
                      "SELECT seq, average_price, timestamp, fetched_at FROM moving_average WHERE series_id = ? AND interval = ? "
                      "ORDER BY seq DESC LIMIT 1"),
      averages_(connection,
                "SELECT seq, average_price, timestamp, fetched_at FROM moving_average WHERE series_id = ? AND interval = ? "
                "AND seq BETWEEN ? AND ? AND fetched_at >= ? AND fetched_at < ? ORDER BY seq DESC LIMIT ?") {}

std::optional<PriceQueries::Known> PriceQueries::find(Series const& series) {
    auto rows = find_.query(series.symbol.str(), series.provider);
    if (!rows.next() || rows.integer(1) == 0) return std::nullopt;
    return Known{rows.integer(0), rows.integer(1), rows.integer(2)};
}

std::optional<PricePoint> PriceQueries::latest(Series const& series) {
    auto const known = find(series);
    if (!known) return std::nullopt;
    auto rows = point_.query(known->id, known->last_seq);
    if (!rows.next()) return std::nullopt;
    return read_point(connection_, rows, 0, series);
}

std::int64_t PriceQueries::fetched_at(std::int64_t series_id, std::int64_t seq) {
    auto rows = fetched_at_.query(series_id, seq);
    return rows.next() ? rows.integer(0) : 0;
}

/// The last seq found by halving whose fetched_at passed; 0 if none did.
template <class Passed>
std::int64_t PriceQueries::last_where(Known const& series, Passed passed) {
    std::int64_t low = 0;
    std::int64_t high = series.last_seq + 1;
    while (high - low > 1 && !connection_.failed()) {
        std::int64_t const middle = low + (high - low) / 2;
        (passed(fetched_at(series.id, middle)) ? low : high) = middle;
    }
    return low;
}

/// seq is dense and fetched_at rises with it, except that a point may lie up to `disorder` behind an earlier one. So a range of
/// times is found by halving, without an index to keep: let m(s) be the greatest fetched_at up to s; then f(s) <= m(s) <= f(s) +
/// disorder. A point with f + disorder < start has m < start, so it and all before it are too early. One with f - disorder >= end
/// has all after it at or beyond end. The bounds may be wider than the range; the query filters what is left.
PriceQueries::SeqRange PriceQueries::range(Known const& series, std::optional<UtcTime> start, std::optional<UtcTime> end) {
    SeqRange found{1, series.last_seq};
    std::int64_t const slack = series.disorder;
    if (start) {
        std::int64_t const bound = micros(*start);
        found.first = last_where(series, [=](std::int64_t fetched) { return fetched < bound - slack; }) + 1;
    }
    if (end) {
        std::int64_t const bound = micros(*end);
        found.last = last_where(series, [=](std::int64_t fetched) { return fetched < bound + slack; });
    }
    return found;
}

HistoryPage PriceQueries::history(HistoryQuery const& query) {
    HistoryPage page;
    auto const known = find(query.series);
    if (!known) return page;
    page.last_seq = known->last_seq;
    SeqRange within = range(*known, query.start, query.end);
    if (query.cursor && query.ascending) within.first = std::max(within.first, *query.cursor + 1);
    if (query.cursor && !query.ascending) within.last = std::min(within.last, *query.cursor - 1);
    Statement& statement = query.ascending ? ascending_ : descending_;
    auto rows = statement.query(known->id, within.first, within.last, from(query.start), until(query.end), with_probe(query.limit));
    page.points.reserve(std::min<std::size_t>(query.limit, 10'000));
    while (rows.next()) {
        if (page.points.size() == query.limit) {
            page.more = true;
            break;
        }
        auto point = read_point(connection_, rows, 0, query.series);
        if (!point) break;
        page.points.push_back(*std::move(point));
    }
    return page;
}

std::optional<AveragePoint> PriceQueries::read_average(Statement::Rows const& rows) {
    auto const value = Average::parse(rows.text(1));
    if (!value) {
        note_damage(connection_, "an average_price of moving_average");
        return std::nullopt;
    }
    return AveragePoint(*value, rows.time(2), rows.time(3), rows.integer(0));
}

std::optional<AveragePoint> PriceQueries::newest_average(Series const& series) {
    auto const known = find(series);
    if (!known) return std::nullopt;
    auto rows = newest_average_.query(known->id, stored_period);
    if (!rows.next()) return std::nullopt;
    return read_average(rows);
}

AveragePage PriceQueries::averages(AverageQuery const& query) {
    AveragePage page;
    auto const known = find(query.series);
    if (!known) return page;
    SeqRange within = range(*known, query.start, query.end);
    if (query.cursor) within.last = std::min(within.last, *query.cursor - 1);
    auto rows = averages_.query(known->id, stored_period, within.first, within.last, from(query.start), until(query.end),
                                with_probe(query.limit));
    while (rows.next()) {
        if (page.averages.size() == query.limit) {
            page.more = true;
            break;
        }
        auto average = read_average(rows);
        if (!average) break;
        page.averages.push_back(*average);
    }
    return page;
}

Result<void> LatestScan::for_each_latest(std::function<void(PricePoint const&)> const& visit) {
    try {
        Connection connection(options_, Side::read, condition_);
        Statement scan(connection, "SELECT s.symbol, s.provider, " + std::string(point_columns) +
                                       " FROM series s JOIN price_points p ON p.series_id = s.id AND p.seq = s.last_seq");
        Transaction snapshot(connection);
        {
            auto rows = scan.query();
            while (rows.next())
                if (auto const point = read_named_point(connection, rows, 0)) visit(*point);
        }
        return snapshot.commit();
    } catch (std::runtime_error const& failure) {
        return Error(ErrorCode::unavailable, "the store cannot be opened", failure.what());
    }
}

}  // namespace mds::sqlite
