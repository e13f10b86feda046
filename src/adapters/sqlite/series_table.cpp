#include "adapters/sqlite/series_table.hpp"

#include <algorithm>
#include <utility>

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

SeriesState SeriesTable::Kept::state() const {
    auto const time = [](UtcTime at) { return at == never ? std::nullopt : std::optional(at); };
    SeriesState state;
    state.last_seq = last_seq;
    state.max_fetched = max_fetched;
    state.disorder = disorder;
    state.polled_at = time(polled_at);
    state.poll_due = time(poll_due);
    state.poll_duration = poll_duration;
    state.failures = failures;
    if (last_error) state.last_error = *last_error;
    return state;
}

void SeriesTable::Kept::keep(SeriesState const& state) {
    last_seq = state.last_seq;
    max_fetched = state.max_fetched;
    disorder = state.disorder;
    polled_at = state.polled_at.value_or(never);
    poll_due = state.poll_due.value_or(never);
    poll_duration = state.poll_duration;
    failures = state.failures;
    if (state.last_error.empty())
        last_error.reset();
    else
        last_error = std::make_unique<std::string const>(state.last_error);
}

std::optional<std::int64_t> SeriesTable::id(Symbol const& symbol, std::string const& provider) {
    auto const number = known(symbol, provider);
    if (!number) return std::nullopt;
    return kept_[*number].id;
}

std::optional<SeriesNumbers::Number> SeriesTable::known(Symbol const& symbol, std::string const& provider) {
    if (auto const number = numbers_.find(symbol.str(), provider)) return number;
    auto row = read(symbol, provider);
    if (row.id == 0 || connection_.failed()) return std::nullopt;
    kept_.push_back(std::move(row));
    return numbers_.add(symbol.str(), provider);
}

/// Without an id: after a fault.
SeriesTable::Kept SeriesTable::read(Symbol const& symbol, std::string const& provider) {
    Kept row;
    if (auto found = read_.query(symbol.str(), provider); found.next()) {
        row.id = found.integer(0);
        row.last_seq = found.integer(1);
        row.max_fetched = found.time(2);
        row.disorder = std::chrono::microseconds(found.integer(3));
        row.polled_at = found.optional_time(4).value_or(Kept::never);
        row.poll_due = found.optional_time(5).value_or(Kept::never);
        row.poll_duration = std::chrono::microseconds(found.integer(6));
        row.failures = found.integer(7);
        if (auto const error = found.text(8); !error.empty()) row.last_error = std::make_unique<std::string const>(error);
    }
    if (row.id != 0) return row;
    auto made = insert_.query(symbol.str(), provider);
    while (made.next()) row.id = made.integer(0);
    return row;
}

void SeriesTable::flush() {
    std::ranges::sort(changed_);
    auto const repeats = std::ranges::unique(changed_);
    changed_.erase(repeats.begin(), repeats.end());
    for (auto const number : changed_) {
        auto const state = kept_[number].state();
        update_.run(kept_[number].id, state.last_seq, state.max_fetched, state.disorder.count(), state.polled_at, state.poll_due,
                    state.poll_duration.count(), state.failures, state.last_error);
    }
    changed_.clear();
}

void SeriesTable::forget() noexcept {
    changed_.clear();
    kept_.clear();
    numbers_ = SeriesNumbers();
}

}  // namespace mds::sqlite
