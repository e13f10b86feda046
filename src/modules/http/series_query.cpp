#include "modules/http/series_query.hpp"

#include "services/unknown_provider.hpp"

#include <charconv>

namespace mds::http {
namespace {

constexpr std::int64_t max_limit = 10'000;

std::string bound(std::optional<UtcTime> const& time) { return time ? std::to_string(time->time_since_epoch().count()) : "-"; }

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

}  // namespace

std::string SeriesQuery::next_token(Context const& context, std::int64_t last_seq) const {
    return context.tokens.make(scope, std::to_string(last_seq));
}

std::variant<Reply, SeriesQuery> read_series_query(Context const& context, Request const& request, Query& query, Faults const& faults,
                                                   std::string_view route) {
    query.require("symbol");
    auto const symbol = query.symbol("symbol", context.options.symbol_case);
    auto const start = query.time("start");
    auto const end = query.time("end");
    if (start && end && *start > *end) query.fault("start", "value_error", "'start' is later than 'end'");
    auto const limit = query.integer("limit", 1, max_limit);
    std::string const* const named = query.find("provider");
    std::string const& name = named != nullptr ? *named : context.options.default_provider;
    auto const* const provider = context.deps.providers.find(name);
    // What a token is bound to is not known without them.
    if (!symbol || (provider == nullptr && !faults.empty())) return unprocessable(request, faults);
    if (provider == nullptr) return context.failure(request, unknown_provider(name, context.deps.providers));

    SeriesQuery read{Series(*symbol, provider->traits().name), start, end, std::nullopt, std::nullopt, {}};
    if (limit) read.limit = static_cast<std::size_t>(*limit);
    read.scope = std::string(route) + '\n' + symbol->str() + '\n' + read.series.provider + '\n' + bound(start) + '\n' + bound(end);
    read.cursor = read_position(context, query, read.scope);
    if (!faults.empty()) return unprocessable(request, faults);
    return read;
}

}  // namespace mds::http
