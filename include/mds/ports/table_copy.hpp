#pragma once
// A store's tables as they are, for moving all of a history from one store to another. The service does not run meanwhile. All of
// it blocks, and throws std::runtime_error with a text for people.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace mds {

/// One value in the form that every store can give and take: nothing, a number (booleans 0 and 1, times microseconds since 1970
/// UTC), or bytes (text, decimals as text, lists as JSON arrays of strings, the 16 bytes of an id).
using Cell = std::variant<std::monostate, std::int64_t, std::string>;
using CellRow = std::vector<Cell>;

struct TableShape {
    std::string name;
    std::vector<std::string> columns;
};

/// One snapshot of all tables.
class TableSource {
public:
    virtual ~TableSource() = default;
    virtual std::vector<TableShape> tables() = 0;
    /// All rows of a table, some at a time.
    virtual void read(TableShape const& table, std::function<void(std::span<CellRow const>)> const& take) = 0;
};

/// One transaction over an empty store.
class TableTarget {
public:
    virtual ~TableTarget() = default;
    virtual std::vector<TableShape> tables() = 0;
    virtual void write(TableShape const& table, std::span<CellRow const> rows) = 0;
    virtual std::int64_t count(std::string const& table) = 0;
    /// Before it, nobody else sees anything of what was written.
    virtual void commit() = 0;
};

}  // namespace mds
