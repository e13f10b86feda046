#include "modules/http/history_handler.hpp"

#include "modules/http/json_writer.hpp"
#include "modules/http/series_query.hpp"

#include <array>
#include <string>
#include <utility>

namespace mds::http {
namespace {

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
    bool const ascending = query.choice("sort", sorts) == std::optional<std::size_t>(0);
    auto const read = read_series_query(context, request, query, faults, ascending ? "history asc" : "history desc");
    if (auto const* const refused = std::get_if<Reply>(&read)) co_return *refused;
    auto const& range = std::get<SeriesQuery>(read);

    auto wanted = range.page<HistoryQuery>();
    wanted.ascending = ascending;
    auto const page = co_await context.deps.points.history(std::move(wanted));
    if (!page) co_return context.failure(request, page.error());
    if (page->last_seq == 0) {
        Error const none(ErrorCode::not_found, "there is no price of " + range.series.symbol.str() + " from " + range.series.provider);
        co_return context.failure(request, none);
    }
    std::string next;
    if (page->more && !page->points.empty()) next = range.next_token(context, page->points.back().seq);
    co_return Reply(200, json_type, render(range.series, *page, next));
}

}  // namespace

void add_history_route(Router& router, Context const& context) {
    router.add(Method::get, "/prices/history", "history", [&context](Request request) { return answer(context, std::move(request)); });
}

}  // namespace mds::http
