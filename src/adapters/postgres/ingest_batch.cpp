#include "adapters/postgres/ingest_batch.hpp"

#include <algorithm>
#include <cstring>

namespace mds::postgres {

std::size_t IngestBatch::HashId::operator()(Uuid const& id) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, id.bytes.data() + id.bytes.size() - sizeof(hash), sizeof(hash));
    return hash;
}

IngestBatch::IngestBatch(std::span<Observation const> observations) {
    observations_.reserve(observations.size());
    for (Observation const& observation : observations) observations_.push_back(&observation);
}

template <class Add>
void IngestBatch::each_series(Add add) const {
    for (Observation const* const observation : observations_)
        for (SymbolResult const& result : observation->results)
            if (result.quote() != nullptr || is_poll(*observation)) add(Series(result.symbol, observation->provider));
}

std::set<Series> IngestBatch::series() const {
    std::set<Series> all;
    each_series([&](Series series) { all.insert(std::move(series)); });
    return all;
}

std::set<Series> IngestBatch::unknown_series(KnownNames const& names) const {
    std::set<Series> unknown;
    each_series([&](Series series) {
        if (!names.knows(series)) unknown.insert(std::move(series));
    });
    return unknown;
}

std::vector<std::int64_t> IngestBatch::series_numbers(KnownNames const& names) const {
    std::vector<std::int64_t> numbers;
    each_series([&](Series const& series) { numbers.push_back(names.series(series)); });
    std::ranges::sort(numbers);
    auto const repeats = std::ranges::unique(numbers);
    numbers.erase(repeats.begin(), repeats.end());
    return numbers;
}

std::set<std::string> IngestBatch::groups() const {
    std::set<std::string> all;
    for (Observation const* const observation : observations_)
        if (observation->tick) all.insert(observation->tick->group);
    return all;
}

Column IngestBatch::answered_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const* const observation : observations_)
        if (observation->answer) ids.add(observation->raw_id);
    return ids;
}

Column IngestBatch::unanswered_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const* const observation : observations_)
        if (!observation->answer) ids.add(observation->raw_id);
    return ids;
}

Column IngestBatch::repeated_point_ids() const {
    Column ids(Column::Type::uuid);
    for (Observation const* const observation : observations_) {
        if (!first_.contains(observation->raw_id)) continue;
        for (SymbolResult const& result : observation->results)
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
        Observation const& observation = *observations_[i];
        auto const [first, is_new] = first_.emplace(observation.raw_id, i);
        if (is_new) {
            add(observation, names, receipt.points[i]);
            continue;
        }
        ++receipt.repeated;
        if (auto repeated = repeat(observation, first->second, receipt.points[i]); !repeated) return repeated;
    }
    return {};
}

Result<void> IngestBatch::repeat(Observation const& observation, std::size_t first, std::vector<PricePoint>& out) const {
    for (SymbolResult const& result : observation.results) {
        if (result.quote() == nullptr) continue;
        auto const* const point = stored_point(result.quote()->point_id, first);
        if (point == nullptr)
            return Error(ErrorCode::invalid_argument, "the store refuses a row", "a raw id that was used before with other points");
        out.push_back(*point);
    }
    return {};
}

PricePoint const* IngestBatch::stored_point(Uuid const& id, std::size_t first) const {
    if (first == before) {
        auto const known = known_points_.find(id);
        return known == known_points_.end() ? nullptr : &known->second;
    }
    auto const& numbered = receipt.points[first];
    auto const found = std::ranges::find(numbered, id, &PricePoint::id);
    return found == numbered.end() ? nullptr : &*found;
}

void IngestBatch::add(Observation const& observation, KnownNames const& names, std::vector<PricePoint>& out) {
    std::optional<std::int64_t> group;
    if (observation.tick) group = names.group(observation.tick->group);
    if (observation.answer) raw.push_back(RawRow{&observation, group});
    out.reserve(observation.results.size());
    for (SymbolResult const& result : observation.results) {
        if (auto const* const quote = result.quote()) {
            add_point(observation, Series(result.symbol, observation.provider), *quote, names, out);
            continue;
        }
        Reject const& reject = *result.reject();
        rejects.add(observation, result.symbol, reject, group);
        if (!is_poll(observation)) continue;
        std::int64_t const id = names.series(Series(result.symbol, observation.provider));
        std::string error(to_string(reject.outcome));
        if (!reject.reason.empty()) error.append(": ").append(reject.reason);
        Changing& series = states_[id];
        series.state.poll_failed(observation, error);
        series.changed = true;
    }
    if (!observation.settles_tick || !group) return;
    UtcTime const due = observation.tick->due;
    if (auto const [entry, made] = settled.emplace(*group, due); !made && entry->second < due) entry->second = due;
}

void IngestBatch::add_point(Observation const& observation, Series series, Quote const& quote, KnownNames const& names,
                            std::vector<PricePoint>& out) {
    std::int64_t const number = names.series(series);
    Changing& changing = states_[number];
    changing.changed = true;
    std::int64_t const seq = changing.state.next_seq(observation.fetched_at);
    if (is_poll(observation)) changing.state.poll_succeeded(observation);
    PricePoint& point = out.emplace_back(quote.point_id, std::move(series), seq, quote.price, quote.timestamp,
                                         observation.fetched_at, observation.raw_id);
    point.time_source = quote.time_source;
    point.currency = quote.currency;
    points.push_back(PointRow{number, &point});
    if (observation.cause == FetchCause::foreign) return;  // it is on the topic already
    outbox_series.add(number);
    outbox_seq.add(seq);
}

SeriesColumns IngestBatch::changed_series() const {
    SeriesColumns columns;
    for (auto const& [id, series] : states_)
        if (series.changed) columns.add(id, series.state);
    return columns;
}

}  // namespace mds::postgres
