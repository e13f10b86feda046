#include "modules/http/moving_average_handler.hpp"

#include "modules/http/json_writer.hpp"
#include "modules/http/series_query.hpp"

#include <array>
#include <string>
#include <utility>

namespace mds::http {
namespace {

void write_average(JsonWriter& json, AveragePoint const& average) {
    json.key("ma_value").raw(average.value.to_string()).key("timestamp").string(format_rfc3339(average.timestamp));
    json.key("calculated_at").string(format_rfc3339(average.calculated_at));
}

std::string render(Series const& series, int period, MovingAverageAnswer const& answer, bool values, std::string const& next) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("symbol").string(series.symbol.str()).key("provider").string(series.provider).key("period").integer(period);
    write_average(json, answer.newest);
    if (values) {
        json.key("values").begin_array();
        for (AveragePoint const& average : answer.page.averages) {
            json.begin_object();
            write_average(json, average);
            json.key("seq").integer(average.seq).end_object();
        }
        json.end_array().key("next_page_token");
        if (next.empty()) json.null();
        else json.string(next);
    }
    json.end_object();
    return body;
}

Awaitable<Reply> answer(Context const& context, Request request) {
    static constexpr std::array<std::string_view, 7> known{"symbol", "provider", "period", "start", "end", "limit", "page_token"};
    Faults faults;
    Query query(request.query, known, faults);
    auto const period = static_cast<int>(query.integer("period", min_period, max_period).value_or(stored_period));
    auto const read = read_series_query(context, request, query, faults, "moving-average " + std::to_string(period));
    if (auto const* const refused = std::get_if<Reply>(&read)) co_return *refused;
    auto const& range = std::get<SeriesQuery>(read);

    MovingAverageRequest wanted(range.page<AverageQuery>());
    wanted.period = period;
    wanted.values = range.has_range();
    auto const result = co_await context.deps.averages.get(std::move(wanted));
    if (!result) co_return context.failure(request, result.error());
    std::string next;
    if (result->page.more && !result->page.averages.empty()) next = range.next_token(context, result->page.averages.back().seq);
    co_return Reply(200, json_type, render(range.series, period, *result, range.has_range(), next));
}

}  // namespace

void add_moving_average_route(Router& router, Context const& context) {
    router.add(Method::get, "/prices/moving-average", "moving_average",
               [&context](Request request) { return answer(context, std::move(request)); });
}

}  // namespace mds::http
