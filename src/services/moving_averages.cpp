#include "services/moving_averages.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace mds {
namespace {

/// Points per read while a page of averages is folded.
constexpr std::size_t fold_chunk = 10'000;

Error too_few(Series const& series, int period, std::int64_t points) {
    return Error(ErrorCode::not_found, "a moving average of period " + std::to_string(period) + " needs " + std::to_string(period) +
                                           " prices; " + series.symbol.str() + " of " + series.provider + " has " +
                                           std::to_string(points));
}

AveragePoint average_at(PricePoint const& point, Average value) {
    return AveragePoint(value, point.timestamp, point.fetched_at, point.seq);
}

}  // namespace

Task<MovingAverageAnswer> MovingAverages::get(MovingAverageRequest request) {
    auto newest = co_await head(request.query.series, request.period);
    if (!newest) co_return newest.error();
    MovingAverageAnswer answer(*newest);
    if (!request.values) co_return answer;
    auto values = co_await page(std::move(request.query), request.period);
    if (!values) co_return values.error();
    answer.page = std::move(*values);
    co_return answer;
}

// Ordinary functions: g++ 12 destroys the operands of ?: inside a co_await expression twice.
Task<AveragePoint> MovingAverages::head(Series series, int period) {
    return period == stored_period ? stored_head(std::move(series)) : folded_head(std::move(series), period);
}

Task<AveragePage> MovingAverages::page(AverageQuery query, int period) {
    return period == stored_period ? averages_.page(std::move(query)) : folded_page(std::move(query), period);
}

Task<AveragePoint> MovingAverages::stored_head(Series series) {
    auto newest = co_await averages_.newest(series);
    if (!newest) co_return newest.error();
    if (*newest) co_return **newest;
    HistoryQuery query(series);
    query.limit = 1;
    auto points = co_await points_.history(std::move(query));
    if (!points) co_return points.error();
    if (points->last_seq < stored_period) co_return too_few(series, stored_period, points->last_seq);
    Error behind(ErrorCode::unavailable, "the moving average is being calculated");
    behind.retry_after = std::chrono::seconds(1);
    co_return behind;
}

Task<AveragePoint> MovingAverages::folded_head(Series series, int period) {
    auto const wanted = static_cast<std::size_t>(period);
    HistoryQuery query(series);
    query.limit = wanted;
    auto newest = co_await points_.history(std::move(query));
    if (!newest) co_return newest.error();
    if (newest->points.size() < wanted) co_return too_few(series, period, newest->last_seq);
    MovingWindow window(period);
    for (auto point = newest->points.rbegin(); point != newest->points.rend(); ++point) window.push(point->price);
    co_return average_at(newest->points.front(), window.average());
}

Task<AveragePage> MovingAverages::folded_page(AverageQuery query, int period) {
    // The points at which the averages stand; one more than asked for tells whether a further page has any.
    HistoryQuery heads_query(query.series);
    heads_query.start = query.start;
    heads_query.end = query.end;
    heads_query.cursor = query.cursor;
    heads_query.limit = query.limit + 1;
    auto heads = co_await points_.history(std::move(heads_query));
    if (!heads) co_return heads.error();
    auto& at = heads->points;
    std::erase_if(at, [period](PricePoint const& point) { return point.seq < period; });
    AveragePage page;
    page.more = at.size() > query.limit;
    if (page.more) at.erase(at.begin() + static_cast<std::ptrdiff_t>(query.limit), at.end());
    if (at.empty()) co_return page;

    // A window reaches back over points that the filter left out, so the fold reads the series itself, oldest first.
    HistoryQuery fold_query(query.series);
    fold_query.ascending = true;
    fold_query.cursor = at.back().seq - period;
    fold_query.limit = std::min(fold_chunk, static_cast<std::size_t>(at.front().seq - *fold_query.cursor));
    MovingWindow window(period);
    page.averages.reserve(at.size());
    for (auto next = at.rbegin(); next != at.rend();) {
        HistoryQuery chunk_query = fold_query;
        auto chunk = co_await points_.history(std::move(chunk_query));
        if (!chunk) co_return chunk.error();
        if (chunk->points.empty()) co_return Error(ErrorCode::internal, "internal error", "a series ended before its last point");
        for (auto const& point : chunk->points) {
            if (point.seq != *fold_query.cursor + 1) co_return Error(ErrorCode::internal, "internal error", "a series has a hole");
            fold_query.cursor = point.seq;
            window.push(point.price);
            if (next == at.rend() || point.seq != next->seq) continue;
            page.averages.push_back(average_at(*next, window.average()));
            ++next;
        }
    }
    std::ranges::reverse(page.averages);
    co_return page;
}

}  // namespace mds
