#pragma once

#include <mds/domain/series_numbers.hpp>
#include <mds/domain/series_state.hpp>
#include <mds/domain/symbol.hpp>

#include "adapters/sqlite/connection.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mds::sqlite {

/// The writer's memory of `series`: this process is the only writer, so a row is read once and then known, in some 100 bytes. Used
/// inside a write transaction only; what was changed is written back once per transaction.
class SeriesTable {
public:
    explicit SeriesTable(Connection& connection);

    /// Of its row, which is made where there is none. None: after a fault.
    std::optional<std::int64_t> id(Symbol const& symbol, std::string const& provider);
    /// The same, and calls `change(SeriesState&)`.
    template <class Change>
    std::optional<std::int64_t> change(Symbol const& symbol, std::string const& provider, Change&& change) {
        auto const number = known(symbol, provider);
        if (!number) return std::nullopt;
        auto state = kept_[*number].state();
        change(state);
        kept_[*number].keep(state);
        changed_.push_back(*number);
        return kept_[*number].id;
    }
    void flush();
    /// After a transaction that did not commit: the memory may be ahead of the table.
    void forget() noexcept;

private:
    /// A SeriesState in a third of its size.
    struct Kept {
        static constexpr UtcTime never = UtcTime::min();

        std::int64_t id = 0;
        std::int64_t last_seq = 0;
        UtcTime max_fetched;
        std::chrono::microseconds disorder{0};
        UtcTime polled_at = never;
        UtcTime poll_due = never;
        std::chrono::microseconds poll_duration{0};
        std::int64_t failures = 0;
        std::unique_ptr<std::string const> last_error;  ///< none: empty

        SeriesState state() const;
        void keep(SeriesState const& state);
    };

    std::optional<SeriesNumbers::Number> known(Symbol const& symbol, std::string const& provider);
    Kept read(Symbol const& symbol, std::string const& provider);

    Connection& connection_;
    Statement read_;
    Statement insert_;
    Statement update_;
    SeriesNumbers numbers_;
    std::vector<Kept> kept_;                      ///< by number
    std::vector<SeriesNumbers::Number> changed_;  ///< differ from the table; repeats where changed more than once
};

}  // namespace mds::sqlite
