#include "adapters/sqlite/table_reader.hpp"

#include "adapters/sqlite/migrations.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

namespace mds::sqlite {
namespace {

constexpr std::size_t rows_at_once = 2000;

/// A folder that holds no store is none that we should make one in.
std::string const& existing(std::string const& directory) {
    if (!std::filesystem::exists(directory + "/mds.db")) throw std::runtime_error("there is no store in " + directory);
    return directory;
}

ConnectionOptions options_of(std::string const& directory) {
    ConnectionOptions options;
    options.path = directory + "/mds.db";
    return options;
}

struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Query = std::unique_ptr<sqlite3_stmt, Finalize>;

Query prepare(sqlite3* db, std::string const& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
        throw std::runtime_error(std::string("cannot read the store: ") + sqlite3_errmsg(db));
    return Query(statement);
}

bool step(sqlite3* db, Query const& query) {
    int const code = sqlite3_step(query.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        throw std::runtime_error(std::string("cannot read the store: ") + sqlite3_errmsg(db));
    return code == SQLITE_ROW;
}

std::string text(Query const& query, int column) {
    auto const* const bytes = static_cast<char const*>(sqlite3_column_blob(query.get(), column));
    return bytes == nullptr ? std::string()
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(query.get(), column)));
}

Cell cell(Query const& query, int column) {
    switch (sqlite3_column_type(query.get(), column)) {
        case SQLITE_NULL: return std::monostate{};
        case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(query.get(), column)};
        default: return text(query, column);
    }
}

/// Words of SQL among them: offset.
std::string quoted_list(std::vector<std::string> const& names) {
    std::string list;
    for (std::string const& name : names) list.append(list.empty() ? "\"" : ", \"").append(name).append("\"");
    return list;
}

}  // namespace

TableReader::TableReader(std::string const& directory, support::Log log, support::Metrics& metrics)
    : lock_(existing(directory)), condition_(std::move(log), metrics), connection_(options_of(directory), Side::write, condition_) {
    migrate(connection_);
}

std::vector<TableShape> TableReader::tables() {
    sqlite3* const db = connection_.handle();
    std::vector<TableShape> found;
    auto const columns =
        prepare(db,
                "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' "
                "AND t.name NOT LIKE 'sqlite%' ORDER BY t.name, c.cid");
    while (step(db, columns)) {
        auto const name = text(columns, 0);
        if (found.empty() || found.back().name != name) found.push_back(TableShape{name, {}});
        found.back().columns.push_back(text(columns, 1));
    }
    return found;
}

/// The lock keeps the tables as they are between two calls.
void TableReader::read(TableShape const& table, std::function<void(std::span<CellRow const>)> const& take) {
    sqlite3* const db = connection_.handle();
    auto const rows = prepare(db, "SELECT " + quoted_list(table.columns) + " FROM " + table.name);
    std::vector<CellRow> some;
    while (step(db, rows)) {
        CellRow& row = some.emplace_back();
        row.reserve(table.columns.size());
        for (int i = 0; i < static_cast<int>(table.columns.size()); ++i) row.push_back(cell(rows, i));
        if (some.size() < rows_at_once) continue;
        take(some);
        some.clear();
    }
    if (!some.empty()) take(some);
}

}  // namespace mds::sqlite
