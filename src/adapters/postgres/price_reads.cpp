#include "adapters/postgres/price_reads.hpp"

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

#include <algorithm>

namespace mds::postgres {
namespace {

/// The page's size and one more, which tells whether there is a next page.
std::int64_t with_probe(std::size_t limit) noexcept {
    return static_cast<std::int64_t>(limit) + 1;
}

std::optional<AveragePoint> read_average(Rows const& rows) {
    auto const value = Average::parse(rows.bytes(1));
    if (!value) return std::nullopt;
    return AveragePoint(*value, rows.time(2), rows.time(3), rows.integer(0));
}

/// A seq; 0 where there is none.
std::int64_t number_of(Rows& rows) {
    return rows.next() ? rows.integer(0) : 0;
}

}  // namespace

Result<PriceQueries::Known> PriceQueries::find(Series const& series) {
    auto rows = connection_.ask(sql::prices::find_series, std::string_view(series.symbol.str()), std::string_view(series.provider));
    if (!rows) return rows.error();
    Known known;
    if (!rows->next()) return known;
    known.id = rows->integer(0);
    known.last_seq = rows->integer(1);
    known.disorder = std::chrono::microseconds(rows->integer(2));
    return known;
}

Result<std::optional<PricePoint>> PriceQueries::latest(Series const& series) {
    auto rows = connection_.ask(sql::prices::latest, std::string_view(series.symbol.str()), std::string_view(series.provider));
    if (!rows) return rows.error();
    if (!rows->next()) return std::optional<PricePoint>();
    auto point = read_point(*rows, 0, series);
    if (!point) return damaged("a price of price_points");
    return point;
}

/// seq is dense and fetched_at rises with it, except that a point may lie up to `disorder` behind an earlier one. Let m(s) be the
/// greatest fetched_at up to s; then f(s) <= m(s) <= f(s) + disorder. A point with f + disorder < start has m < start, so it and
/// all before it are too early. One with f - disorder >= end has all after it at or beyond end. The bounds may be wider than the
/// range; the query filters what is left.
Result<PriceQueries::SeqRange> PriceQueries::range(Known const& series, std::optional<UtcTime> start, std::optional<UtcTime> end) {
    SeqRange found{1, series.last_seq};
    if (!start && !end) return found;
    if (start) connection_.send(sql::prices::last_before, series.id, series.last_seq, *start - series.disorder);
    if (end) connection_.send(sql::prices::last_before, series.id, series.last_seq, *end + series.disorder);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    if (start) found.first = number_of(replies->front()) + 1;
    if (end) found.last = number_of(replies->back());
    return found;
}

Result<HistoryPage> PriceQueries::history(HistoryQuery const& query) {
    HistoryPage page;
    auto const known = find(query.series);
    if (!known) return known.error();
    page.last_seq = known->last_seq;
    if (known->last_seq == 0) return page;
    auto within = range(*known, query.start, query.end);
    if (!within) return within.error();
    if (query.cursor && query.ascending) within->first = std::max(within->first, *query.cursor + 1);
    if (query.cursor && !query.ascending) within->last = std::min(within->last, *query.cursor - 1);
    auto rows =
        connection_.ask(query.ascending ? sql::prices::ascending : sql::prices::descending, known->id, within->first, within->last,
                        query.start.value_or(earliest), query.end.value_or(latest_of_all), with_probe(query.limit));
    if (!rows) return rows.error();
    page.more = rows->size() > query.limit;
    page.points.reserve(std::min(rows->size(), query.limit));
    while (page.points.size() < query.limit && rows->next()) {
        auto point = read_point(*rows, 0, query.series);
        if (!point) return damaged("a price of price_points");
        page.points.push_back(*std::move(point));
    }
    return page;
}

Result<std::optional<AveragePoint>> PriceQueries::newest_average(Series const& series) {
    auto const known = find(series);
    if (!known) return known.error();
    if (known->last_seq == 0) return std::optional<AveragePoint>();
    auto rows = connection_.ask(sql::prices::newest_average, known->id, std::int64_t{stored_period});
    if (!rows) return rows.error();
    if (!rows->next()) return std::optional<AveragePoint>();
    auto average = read_average(*rows);
    if (!average) return damaged("an average_price of moving_average");
    return average;
}

Result<AveragePage> PriceQueries::averages(AverageQuery const& query) {
    AveragePage page;
    auto const known = find(query.series);
    if (!known) return known.error();
    if (known->last_seq == 0) return page;
    auto within = range(*known, query.start, query.end);
    if (!within) return within.error();
    if (query.cursor) within->last = std::min(within->last, *query.cursor - 1);
    auto rows = connection_.ask(sql::prices::averages, known->id, std::int64_t{stored_period}, within->first, within->last,
                                query.start.value_or(earliest), query.end.value_or(latest_of_all), with_probe(query.limit));
    if (!rows) return rows.error();
    page.more = rows->size() > query.limit;
    while (page.averages.size() < query.limit && rows->next()) {
        auto average = read_average(*rows);
        if (!average) return damaged("an average_price of moving_average");
        page.averages.push_back(*average);
    }
    return page;
}

LatestScan::LatestScan(ConnectionOptions options, Condition& condition) : options_(std::move(options)), condition_(condition) {
    // Reads a row for every series there is.
    options_.statement_timeout = std::chrono::minutes(2);
    options_.answer_timeout = std::chrono::minutes(3);
}

Result<void> LatestScan::for_each_latest(std::function<void(PricePoint const&)> const& visit) {
    Connection connection(options_, Side::read, condition_);
    auto rows = connection.ask(sql::prices::each_latest);
    if (!rows) return rows.error();
    while (rows->next()) {
        auto const point = read_named_point(*rows, 0);
        if (!point) return damaged("a price of price_points");
        visit(*point);
    }
    return {};
}

}  // namespace mds::postgres
