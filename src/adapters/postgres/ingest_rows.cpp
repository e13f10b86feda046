#include "adapters/postgres/ingest_rows.hpp"

#include "adapters/postgres/point_row.hpp"

#include <vector>

namespace mds::postgres {
namespace {

std::optional<UtcTime> due(Observation const& observation) noexcept {
    if (!observation.tick) return std::nullopt;
    return observation.tick->due;
}

std::string list_of(std::vector<Symbol> const& symbols) {
    std::vector<std::string> names;
    names.reserve(symbols.size());
    for (Symbol const& symbol : symbols) names.push_back(symbol.str());
    return text_list(names);
}

Column array_of(std::vector<Symbol> const& symbols) {
    Column names(Column::Type::text);
    for (Symbol const& symbol : symbols) names.add(std::string_view(symbol.str()));
    return names;
}

std::optional<std::int64_t> wide(std::optional<int> number) noexcept {
    if (!number) return std::nullopt;
    return *number;
}

std::optional<std::int32_t> narrow(std::optional<int> number) noexcept {
    if (!number) return std::nullopt;
    return static_cast<std::int32_t>(*number);
}

}  // namespace

CopyRows copied(std::span<RawRow const> rows) {
    constexpr std::size_t beside_its_body = 200;
    std::size_t bytes = 0;
    for (RawRow const& row : rows) bytes += row.observation->answer->body.size() + beside_its_body;
    CopyRows data(bytes);
    for (auto const& [observation, group] : rows) {
        RawAnswer const& answer = *observation->answer;
        data.add(observation->raw_id, std::string_view(observation->provider), array_of(observation->symbols),
                 narrow(answer.http_status), std::string_view(clean_text(answer.content_type)), Bytes{answer.body},
                 answer.truncated, observation->fetched_at, std::int64_t{observation->duration.count()},
                 to_string(observation->cause), std::int32_t{observation->attempt}, group, due(*observation));
    }
    return data;
}

CopyRows copied(std::span<PointRow const> rows) {
    constexpr std::size_t bytes_in_row = 160;
    CopyRows data((rows.size() + 1) * bytes_in_row);
    for (auto const& [series, point] : rows) {
        std::string const currency = clean_text(point->currency);
        std::optional<std::string_view> known;
        if (!currency.empty()) known = currency;
        data.add(series, point->seq, point->id, point->price, point->timestamp, point->fetched_at, point->raw_id,
                 static_cast<std::int16_t>(stored(point->time_source)), known);
    }
    return data;
}

void FetchColumns::add(Observation const& observation, std::optional<std::int64_t> group) {
    id.add(observation.raw_id);
    provider.add(std::string_view(observation.provider));
    fetched_at.add(observation.fetched_at);
    duration.add(std::int64_t{observation.duration.count()});
    cause.add(to_string(observation.cause));
    attempt.add(std::int64_t{observation.attempt});
    group_id.add(group);
    tick_due.add(due(observation));
}

RawColumns::RawColumns(std::span<RawRow const> rows) {
    for (auto const& [observation, group] : rows) {
        add(*observation, group);
        RawAnswer const& answer = *observation->answer;
        symbols.add(std::string_view(list_of(observation->symbols)));
        http_status.add(wide(answer.http_status));
        content_type.add(std::string_view(clean_text(answer.content_type)));
        body.add(Bytes{answer.body});
        truncated.add(answer.truncated);
    }
}

PointColumns::PointColumns(std::span<PointRow const> rows) {
    for (auto const& [series, point] : rows) {
        series_id.add(series);
        seq.add(point->seq);
        id.add(point->id);
        price.add(std::string_view(point->price.to_string()));
        timestamp.add(point->timestamp);
        fetched_at.add(point->fetched_at);
        raw_id.add(point->raw_id);
        time_source.add(stored(point->time_source));
        currency.add(std::string_view(clean_text(point->currency)));
    }
}

void RejectColumns::add(Observation const& observation, Symbol const& symbol, Reject const& reject,
                        std::optional<std::int64_t> group) {
    FetchColumns::add(observation, group);
    symbol_name.add(std::string_view(symbol.str()));
    outcome.add(to_string(reject.outcome));
    reason.add(std::string_view(clean_text(reject.reason)));
    answered.add(observation.answer.has_value());
}

void SeriesColumns::add(std::int64_t series, SeriesState const& state) {
    id.add(series);
    last_seq.add(state.last_seq);
    max_fetched.add(state.max_fetched);
    disorder.add(std::int64_t{state.disorder.count()});
    polled_at.add(state.polled_at);
    poll_due.add(state.poll_due);
    poll_duration.add(std::int64_t{state.poll_duration.count()});
    failures.add(state.failures);
    last_error.add(std::string_view(clean_text(state.last_error)));
}

}  // namespace mds::postgres
