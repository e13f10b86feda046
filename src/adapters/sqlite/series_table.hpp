#pragma once

#include <mds/domain/series_state.hpp>
#include <mds/domain/symbol.hpp>

#include "adapters/sqlite/connection.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mds::sqlite {

/// A row of `series`.
struct SeriesRow : SeriesState {
    std::int64_t id = 0;
    bool changed = false;  ///< differs from the table
};

/// The writer's memory of `series`: this process is the only writer, so a row is read once and then known. Used inside a write
/// transaction only; what was changed is written back once per transaction.
class SeriesTable {
public:
    explicit SeriesTable(Connection& connection);

    /// nullptr where it does not exist and `create` is false, or after a fault. Valid until forget().
    SeriesRow* find(Symbol const& symbol, std::string const& provider, bool create);
    /// Marks the row for flush().
    void touch(SeriesRow& row);
    void flush();
    /// After a transaction that did not commit: the memory may be ahead of the table.
    void forget() noexcept;

private:
    using Rows = std::unordered_map<Symbol, SeriesRow>;

    Connection& connection_;
    Statement read_;
    Statement insert_;
    Statement update_;
    std::map<std::string, Rows> providers_;
    std::vector<SeriesRow*> changed_;
};

}  // namespace mds::sqlite
