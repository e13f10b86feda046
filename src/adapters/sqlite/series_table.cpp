#include "adapters/sqlite/series_table.hpp"

namespace mds::sqlite {
SeriesTable::SeriesTable(Connection& connection)
    : connection_(connection),
      read_(connection,
            "SELECT id, last_seq, max_fetched, disorder, polled_at, poll_due, poll_duration, failures, last_error FROM series "
            "WHERE symbol = ? AND provider = ?"),
      insert_(connection, "INSERT INTO series (symbol, provider) VALUES (?, ?) RETURNING id"),
      update_(
          connection,
          "UPDATE series SET last_seq = ?2, max_fetched = ?3, disorder = ?4, polled_at = ?5, poll_due = ?6, poll_duration = ?7, "
          "failures = ?8, last_error = nullif(?9, '') WHERE id = ?1") {}

SeriesRow* SeriesTable::find(Symbol const& symbol, std::string const& provider, bool create) {
    Rows& rows = providers_[provider];
    if (auto const known = rows.find(symbol); known != rows.end()) return &known->second;
    SeriesRow row;
    {
        auto found = read_.query(symbol.str(), provider);
        if (found.next()) {
            row.id = found.integer(0);
            row.last_seq = found.integer(1);
            row.max_fetched = found.time(2);
            row.disorder = std::chrono::microseconds(found.integer(3));
            row.polled_at = found.optional_time(4);
            row.poll_due = found.optional_time(5);
            row.poll_duration = std::chrono::microseconds(found.integer(6));
            row.failures = found.integer(7);
            row.last_error = found.text(8);
        }
    }
    if (row.id == 0 && create) {
        auto made = insert_.query(symbol.str(), provider);
        if (made.next()) row.id = made.integer(0);
        while (made.next()) continue;
    }
    if (row.id == 0 || connection_.failed()) return nullptr;
    return &rows.emplace(symbol, std::move(row)).first->second;
}

void SeriesTable::touch(SeriesRow& row) {
    if (std::exchange(row.changed, true)) return;
    changed_.push_back(&row);
}

void SeriesTable::flush() {
    for (SeriesRow* const row : changed_) {
        update_.run(row->id, row->last_seq, row->max_fetched, row->disorder.count(), row->polled_at, row->poll_due,
                    row->poll_duration.count(), row->failures, row->last_error);
        row->changed = false;
    }
    changed_.clear();
}

void SeriesTable::forget() noexcept {
    changed_.clear();
    providers_.clear();
}

}  // namespace mds::sqlite
