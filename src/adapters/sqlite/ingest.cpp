#include "adapters/sqlite/ingest.hpp"

#include "adapters/sqlite/json_list.hpp"
#include "adapters/sqlite/point_row.hpp"

namespace mds::sqlite {
namespace {

std::optional<UtcTime> due(Observation const& observation) noexcept {
    if (!observation.tick) return std::nullopt;
    return observation.tick->due;
}

}  // namespace

IngestWriter::IngestWriter(WriteSide& side, support::Metrics& metrics)
    : side_(side),
      connection_(side.connection),
      insert_raw_(connection_,
                  "INSERT INTO raw_market_data (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, "
                  "duration, cause, attempt, group_id, tick_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT (id) DO NOTHING"),
      insert_point_(
          connection_,
          "INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source, currency) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''))"),
      insert_reject_(
          connection_,
          "INSERT INTO fetch_outcomes (fetch_id, symbol, provider, outcome, reason, answered, fetched_at, duration, cause, "
          "attempt, group_id, tick_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"),
      insert_outbox_(connection_, "INSERT INTO outbox (position, series_id, seq) VALUES (?, ?, ?)"),
      read_head_(connection_, "SELECT position FROM outbox_head WHERE id = 1"),
      write_head_(connection_, "UPDATE outbox_head SET position = ? WHERE id = 1"),
      group_(connection_, "SELECT id FROM poll_progress WHERE name = ?"),
      new_group_(connection_, "INSERT INTO poll_progress (name) VALUES (?) RETURNING id"),
      settle_(connection_, "UPDATE poll_progress SET last_settled = ?2 WHERE id = ?1 AND coalesce(last_settled, ?2 - 1) < ?2"),
      stored_point_(connection_, std::string("SELECT s.symbol, s.provider, ") + std::string(point_columns) +
                                     " FROM price_points p JOIN series s ON s.id = p.series_id WHERE p.id = ?"),
      repeated_(metrics.counter("mds_sqlite_repeated_observations_total", "Observations that were stored before and sent again")) {}

Result<IngestReceipt> IngestWriter::commit(std::span<Observation const> batch) {
    for (Observation const& observation : batch)
        if (!is_complete(observation))
            return Error(ErrorCode::invalid_argument, "an observation without one result for every symbol asked for");
    IngestReceipt receipt;
    receipt.points.resize(batch.size());
    WriteTransaction transaction(side_);
    std::int64_t const first_head = head_ = outbox_head();
    for (std::size_t i = 0; i < batch.size() && !connection_.failed(); ++i)
        if (!write(batch[i], receipt.points[i])) ++receipt.repeated;
    if (head_ != first_head) write_head_.run(head_);
    if (auto done = transaction.commit(); !done) return done.error();
    repeated_.Increment(static_cast<double>(receipt.repeated));
    return receipt;
}

void IngestWriter::write_foreign(Observation const& observation) {
    if (!is_complete(observation) || observation.cause != FetchCause::foreign) {
        note_refusal(connection_, "a foreign event without raw row and point");
        return;
    }
    std::vector<PricePoint> points;
    write(observation, points);
}

bool IngestWriter::write(Observation const& observation, std::vector<PricePoint>& points) {
    auto const group = group_id(observation);
    if (observation.answer && !write_raw(observation, group)) {
        read_back(observation, points);
        return false;
    }
    points.reserve(observation.results.size());
    for (SymbolResult const& result : observation.results) {
        if (auto const* const quote = result.quote()) {
            if (!write_point(observation, result.symbol, *quote, points)) return true;
        } else if (!write_reject(observation, result.symbol, *result.reject(), group)) {
            return connection_.failed();  // without a raw row, the first reject tells a repeated observation
        }
    }
    if (observation.settles_tick && group) settle_.run(*group, observation.tick->due);
    return true;
}

bool IngestWriter::write_raw(Observation const& observation, std::optional<std::int64_t> group) {
    RawAnswer const& answer = *observation.answer;
    Bytes const body{answer.body};
    write_list(observation.symbols, text_);
    insert_raw_.run(observation.raw_id, observation.provider, text_, answer.http_status, answer.content_type, body,
                    answer.truncated, observation.fetched_at, observation.duration.count(), to_string(observation.cause),
                    observation.attempt, group, due(observation));
    return connection_.failed() || connection_.changes() == 1;
}

bool IngestWriter::write_point(Observation const& observation, Symbol const& symbol, Quote const& quote,
                               std::vector<PricePoint>& points) {
    std::int64_t seq = 0;
    auto const series = side_.series.change(symbol, observation.provider, [&](SeriesState& state) {
        seq = state.next_seq(observation.fetched_at);
        if (is_poll(observation)) state.poll_succeeded(observation);
    });
    if (!series) return false;
    text_.clear();
    quote.price.append_to(text_);
    insert_point_.run(*series, seq, quote.point_id, text_, quote.timestamp, observation.fetched_at, observation.raw_id,
                      stored(quote.time_source), quote.currency);
    // A foreign event is on the topic already.
    if (observation.cause != FetchCause::foreign) insert_outbox_.run(++head_, *series, seq);
    PricePoint& point = points.emplace_back(quote.point_id, Series(symbol, observation.provider), seq, quote.price, quote.timestamp,
                                            observation.fetched_at, observation.raw_id);
    point.time_source = quote.time_source;
    point.currency = quote.currency;
    return !connection_.failed();
}

bool IngestWriter::write_reject(Observation const& observation, Symbol const& symbol, Reject const& reject,
                                std::optional<std::int64_t> group) {
    insert_reject_.run(observation.raw_id, symbol.str(), observation.provider, to_string(reject.outcome), reject.reason,
                       observation.answer.has_value(), observation.fetched_at, observation.duration.count(),
                       to_string(observation.cause), observation.attempt, group, due(observation));
    if (connection_.failed() || connection_.changes() == 0) return false;
    if (!is_poll(observation)) return true;
    text_ = to_string(reject.outcome);
    if (!reject.reason.empty()) text_.append(": ").append(reject.reason);
    auto const failed = [&](SeriesState& state) { state.poll_failed(observation, text_); };
    return side_.series.change(symbol, observation.provider, failed).has_value();
}

std::optional<std::int64_t> IngestWriter::group_id(Observation const& observation) {
    if (!observation.tick) return std::nullopt;
    std::string_view const name = observation.tick->group;
    if (auto known = group_.query(name); known.next()) return known.integer(0);
    std::optional<std::int64_t> id;
    auto made = new_group_.query(name);
    while (made.next()) id = made.integer(0);
    return id;
}

void IngestWriter::read_back(Observation const& observation, std::vector<PricePoint>& points) {
    for (SymbolResult const& result : observation.results) {
        if (result.quote() == nullptr) continue;
        auto rows = stored_point_.query(result.quote()->point_id);
        if (!rows.next()) {
            if (!connection_.failed()) note_refusal(connection_, "a raw id that was used before with other points");
            return;
        }
        if (auto point = read_named_point(connection_, rows, 0)) points.push_back(*std::move(point));
    }
}

std::int64_t IngestWriter::outbox_head() {
    auto rows = read_head_.query();
    return rows.next() ? rows.integer(0) : 0;
}

}  // namespace mds::sqlite
