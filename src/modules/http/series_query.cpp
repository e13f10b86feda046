#include "modules/http/series_query.hpp"

#include "services/unknown_provider.hpp"

#include <charconv>

namespace mds::http {

SeriesQuery SeriesQuery::read(Query& query, Options const& options) {
    SeriesQuery series;
    query.require("symbol");
    series.symbol = query.symbol("symbol", options.symbol_case);
    std::string const* const provider = query.find("provider");
    series.provider = provider != nullptr ? *provider : options.default_provider;
    series.start = query.time("start");
    series.end = query.time("end");
    if (series.start && series.end && *series.start > *series.end) query.fault("start", "value_error", "'start' is later than 'end'");
    return series;
}

std::string SeriesQuery::scope(std::string_view route, Series const& series) const {
    auto const bound = [](std::optional<UtcTime> const& time) { return time ? std::to_string(time->time_since_epoch().count()) : std::string("-"); };
    return std::string(route) + '\n' + series.symbol.str() + '\n' + series.provider + '\n' + bound(start) + '\n' + bound(end);
}

Result<Series> find_series(Context const& context, SeriesQuery const& query) {
    auto const* const provider = context.deps.providers.find(query.provider);
    if (provider == nullptr) return unknown_provider(query.provider, context.deps.providers);
    return Series(*query.symbol, provider->traits().name);
}

std::optional<std::int64_t> read_position(Context const& context, Query& query, std::string_view scope) {
    std::string const* const token = query.find("page_token");
    if (token == nullptr || token->empty()) return std::nullopt;
    if (auto const position = context.tokens.read(scope, *token)) {
        std::int64_t seq = 0;
        auto const [end, error] = std::from_chars(position->data(), position->data() + position->size(), seq);
        if (error == std::errc() && end == position->data() + position->size()) return seq;
    }
    query.fault("page_token", "value_error", "'page_token' was altered or belongs to other filters");
    return std::nullopt;
}

}  // namespace mds::http
