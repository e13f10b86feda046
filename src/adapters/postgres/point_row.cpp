#include "adapters/postgres/point_row.hpp"

#include "adapters/postgres/condition.hpp"

namespace mds::postgres {
namespace {

TimeSource time_source(std::int64_t number) noexcept {
    if (number == 0) return TimeSource::quote;
    return number == 1 ? TimeSource::date : TimeSource::receive;
}

}  // namespace

std::int64_t stored(TimeSource source) noexcept {
    if (source == TimeSource::quote) return 0;
    return source == TimeSource::date ? 1 : 2;
}

std::optional<PricePoint> read_point(Rows const& rows, int first, Series series) {
    auto const price = Price::parse(rows.bytes(first + 2)).price;
    if (!price) return std::nullopt;
    PricePoint point(rows.uuid(first + 1), std::move(series), rows.integer(first), *price, rows.time(first + 3),
                     rows.time(first + 4), rows.uuid(first + 5));
    point.time_source = time_source(rows.integer(first + 6));
    point.currency = rows.text(first + 7);
    return point;
}

std::optional<PricePoint> read_named_point(Rows const& rows, int first) {
    auto symbol = Symbol::parse(rows.bytes(first), SymbolCase::preserve);
    if (!symbol) return std::nullopt;
    return read_point(rows, first + 2, Series(*std::move(symbol), rows.text(first + 1)));
}

SeriesState read_series_state(Rows const& rows, int first) {
    SeriesState state;
    state.last_seq = rows.integer(first);
    state.max_fetched = rows.time(first + 1);
    state.disorder = std::chrono::microseconds(rows.integer(first + 2));
    state.polled_at = rows.optional_time(first + 3);
    state.poll_due = rows.optional_time(first + 4);
    state.poll_duration = std::chrono::microseconds(rows.integer(first + 5));
    state.failures = rows.integer(first + 6);
    state.last_error = rows.text(first + 7);
    return state;
}

Error damaged(char const* what) {
    return to_error(Fault::damaged, std::string("cannot read ") + what);
}

}  // namespace mds::postgres
