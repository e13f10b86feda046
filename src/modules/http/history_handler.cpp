#include "modules/http/history_handler.hpp"

#include "modules/http/json_writer.hpp"
#include "modules/http/series_query.hpp"

#include <array>
#include <string>
#include <utility>

namespace mds::http {
namespace {

constexpr std::int64_t max_limit = 10'000;

std::string render(Series const& series, HistoryPage const& page, std::string const& next) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("symbol").string(series.symbol.str()).key("provider").string(series.provider).key("points").begin_array();
    for (PricePoint const& point : page.points) {
        json.begin_object().key("price").raw(point.price.to_string()).key("timestamp").string(format_rfc3339(point.timestamp));
        json.key("fetched_at").string(format_rfc3339(point.fetched_at)).key("seq").integer(point.seq);
        json.key("point_id").string(point.id.to_string()).end_object();
    }
    json.end_array().key("next_page_token");
    if (next.empty()) json.null();
    else json.string(next);
    json.end_object();
    return body;
}

Awaitable<Reply> answer(Context const& context, Request request) {
    static constexpr std::array<std::string_view, 7> known{"symbol", "provider", "start", "end", "sort", "limit", "page_token"};
    static constexpr std::array<std::string_view, 2> sorts{"asc", "desc"};
    Faults faults;
    Query query(request.query, known, faults);
    SeriesQuery const range = SeriesQuery::read(query, context.options);
    bool const ascending = query.choice("sort", sorts) == std::optional<std::size_t>(0);
    auto const limit = query.integer("limit", 1, max_limit);
    if (!range.symbol) co_return unprocessable(request, faults);
    auto const series = find_series(context, range);
    if (!series && faults.empty()) co_return context.failure(request, series.error());
    std::string const scope = series ? range.scope(ascending ? "history asc" : "history desc", *series) : std::string();
    auto const position = series ? read_position(context, query, scope) : std::nullopt;
    if (!faults.empty()) co_return unprocessable(request, faults);

    HistoryQuery wanted(*series);
    wanted.start = range.start;
    wanted.end = range.end;
    wanted.ascending = ascending;
    if (limit) wanted.limit = static_cast<std::size_t>(*limit);
    wanted.cursor = position;
    auto const page = co_await context.deps.points.history(std::move(wanted));
    if (!page) co_return context.failure(request, page.error());
    if (page->last_seq == 0) {
        Error const none(ErrorCode::not_found, "there is no price of " + series->symbol.str() + " from " + series->provider);
        co_return context.failure(request, none);
    }
    std::string next;
    if (page->more && !page->points.empty()) next = context.tokens.make(scope, std::to_string(page->points.back().seq));
    co_return Reply(200, json_type, render(*series, *page, next));
}

}  // namespace

void add_history_route(Router& router, Context const& context) {
    router.add(Method::get, "/prices/history", "history", [&context](Request request) { return answer(context, std::move(request)); });
}

}  // namespace mds::http
