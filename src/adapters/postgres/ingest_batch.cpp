#include "adapters/postgres/ingest_batch.hpp"

namespace mds::postgres {

std::set<Series> IngestBatch::series() const {
    std::set<Series> all;
    for (Observation const& observation : observations_)
        for (SymbolResult const& result : observation.results)
            if (result.quote() != nullptr || is_poll(observation)) all.emplace(result.symbol, observation.provider);
    return all;
}

std::set<std::string> IngestBatch::groups() const {
    std::set<std::string> all;
    for (Observation const& observation : observations_)
        if (observation.tick) all.insert(observation.tick->group);
    return all;
}

Column IngestBatch::answered_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const& observation : observations_)
        if (observation.answer) ids.add(observation.raw_id);
    return ids;
}

Column IngestBatch::unanswered_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const& observation : observations_)
        if (!observation.answer) ids.add(observation.raw_id);
    return ids;
}

Column IngestBatch::repeated_point_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const& observation : observations_) {
        if (!stored_.contains(observation.raw_id)) continue;
        for (SymbolResult const& result : observation.results)
            if (auto const* const quote = result.quote()) ids.add(quote->point_id);
    }
    return ids;
}

void IngestBatch::stored(PricePoint point) {
    Uuid const id = point.id;
    known_points_.emplace(id, std::move(point));
}

Result<void> IngestBatch::number(KnownNames const& names) {
    receipt.points.resize(observations_.size());
    for (std::size_t i = 0; i < observations_.size(); ++i) {
        Observation const& observation = observations_[i];
        if (stored_.insert(observation.raw_id).second) {
            add(observation, names, receipt.points[i]);
            continue;
        }
        ++receipt.repeated;
        if (auto repeated = repeat(observation, receipt.points[i]); !repeated) return repeated;
    }
    return {};
}

Result<void> IngestBatch::repeat(Observation const& observation, std::vector<PricePoint>& out) const {
    for (SymbolResult const& result : observation.results) {
        if (result.quote() == nullptr) continue;
        auto const found = known_points_.find(result.quote()->point_id);
        if (found == known_points_.end())
            return Error(ErrorCode::invalid_argument, "the store refuses a row", "a raw id that was used before with other points");
        out.push_back(found->second);
    }
    return {};
}

void IngestBatch::add(Observation const& observation, KnownNames const& names, std::vector<PricePoint>& out) {
    std::optional<std::int64_t> group;
    if (observation.tick) group = names.group(observation.tick->group);
    if (observation.answer) raw.add(observation, group);
    out.reserve(observation.results.size());
    for (SymbolResult const& result : observation.results) {
        Series const series(result.symbol, observation.provider);
        if (auto const* const quote = result.quote()) {
            add_point(observation, result.symbol, *quote, names.series(series), out);
            continue;
        }
        Reject const& reject = *result.reject();
        rejects.add(observation, result.symbol, reject, group);
        if (!is_poll(observation)) continue;
        std::int64_t const id = names.series(series);
        std::string error(to_string(reject.outcome));
        if (!reject.reason.empty()) error.append(": ").append(reject.reason);
        states_[id].poll_failed(observation, error);
        changed_.insert(id);
    }
    if (!observation.settles_tick || !group) return;
    UtcTime const due = observation.tick->due;
    if (auto const [entry, made] = settled.emplace(*group, due); !made && entry->second < due) entry->second = due;
}

void IngestBatch::add_point(Observation const& observation, Symbol const& symbol, Quote const& quote, std::int64_t series,
                            std::vector<PricePoint>& out) {
    SeriesState& state = states_[series];
    std::int64_t const seq = state.next_seq(observation.fetched_at);
    if (is_poll(observation)) state.poll_succeeded(observation);
    changed_.insert(series);
    PricePoint& point = out.emplace_back(quote.point_id, Series(symbol, observation.provider), seq, quote.price, quote.timestamp,
                                         observation.fetched_at, observation.raw_id);
    point.time_source = quote.time_source;
    point.currency = quote.currency;
    points.add(series, point);
    known_points_.emplace(point.id, point);
    if (observation.cause == FetchCause::foreign) return;  // it is on the topic already
    outbox_series.add(series);
    outbox_seq.add(seq);
}

SeriesColumns IngestBatch::changed_series() const {
    SeriesColumns columns;
    for (std::int64_t const id : changed_) columns.add(id, states_.at(id));
    return columns;
}

}  // namespace mds::postgres
