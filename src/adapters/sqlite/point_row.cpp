#include "adapters/sqlite/point_row.hpp"

#include <sqlite3.h>

namespace mds::sqlite {
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

void note_damage(Connection& connection, char const* what) {
    connection.note(SQLITE_CORRUPT, what);
}
void note_refusal(Connection& connection, char const* what) {
    connection.note(SQLITE_CONSTRAINT, what);
}

std::optional<PricePoint> read_point(Connection& connection, Statement::Rows const& rows, int first, Series series) {
    auto const price = Price::parse(rows.text(first + 2)).price;
    if (!price) {
        note_damage(connection, "a price of price_points");
        return std::nullopt;
    }
    PricePoint point(rows.uuid(first + 1), std::move(series), rows.integer(first), *price, rows.time(first + 3),
                     rows.time(first + 4), rows.uuid(first + 5));
    point.time_source = time_source(rows.integer(first + 6));
    point.currency = rows.text(first + 7);
    return point;
}

std::optional<PricePoint> read_named_point(Connection& connection, Statement::Rows const& rows, int first) {
    auto symbol = Symbol::parse(rows.text(first), SymbolCase::preserve);
    if (!symbol) {
        note_damage(connection, "a symbol of series");
        return std::nullopt;
    }
    return read_point(connection, rows, first + 2, Series(*std::move(symbol), std::string(rows.text(first + 1))));
}

}  // namespace mds::sqlite
