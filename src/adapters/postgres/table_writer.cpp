#include "adapters/postgres/table_writer.hpp"

#include "adapters/postgres/migrations.hpp"
#include "adapters/postgres/statements.hpp"

#include <stdexcept>

namespace mds::postgres {
namespace {

constexpr std::size_t copy_at_once = 4 << 20;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error("cannot fill the store: " + result.error().message + " (" + result.error().detail + ")");
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The text form of COPY (PostgreSQL manual, COPY, file formats).
void append_escaped(std::string& out, std::string_view value) {
    for (char const c : value) {
        switch (c) {
            case '\\': out += "\\\\"; break;
            case '\t': out += "\\t"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            default: out += c;
        }
    }
}

void append_hex(std::string& out, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
}

std::string names_of(std::vector<std::string> const& columns) {
    std::string list;
    for (std::string const& name : columns) list.append(list.empty() ? "\"" : ", \"").append(name).append("\"");
    return list;
}

}  // namespace

TableWriter::TableWriter(ConnectionOptions options, support::Log log, support::Metrics& metrics)
    : condition_(std::move(log), metrics), connection_(std::move(options), Side::write, condition_), transaction_(connection_) {
    migrate(connection_);
    must(connection_.script("BEGIN"));
    read_shape();
    std::string all;
    for (TableShape const& table : tables_) all.append(all.empty() ? "" : ", ").append(table.name);
    must(connection_.script("LOCK TABLE " + all + " IN EXCLUSIVE MODE"));
    require_empty();
    must(connection_.script("DELETE FROM store_meta; DELETE FROM outbox_head"));
}

void TableWriter::read_shape() {
    static Sql const columns{
        "copy_columns",
        "SELECT c.relname::text, a.attname::text, t.typname::text, a.attnotnull, a.attidentity <> '' FROM pg_class c JOIN "
        "pg_attribute a "
        "ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind = 'r' AND c.relnamespace = "
        "current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum"};
    for (Rows rows = must(connection_.ask(columns)); rows.next();) {
        auto const table = rows.text(0);
        if (tables_.empty() || tables_.back().name != table) tables_.push_back(TableShape{table, {}});
        tables_.back().columns.push_back(rows.text(1));
        columns_[{table, rows.text(1)}] = Column{kind_of(rows.text(2)), rows.boolean(3)};
        if (rows.boolean(4)) counted_.emplace_back(table, rows.text(1));
    }
}

TableWriter::Kind TableWriter::kind_of(std::string const& type) {
    static std::map<std::string, Kind> const kinds{{"int2", Kind::number},  {"int4", Kind::number}, {"int8", Kind::number},
                                                   {"bool", Kind::boolean}, {"text", Kind::text},   {"numeric", Kind::decimal},
                                                   {"bytea", Kind::bytes},  {"uuid", Kind::id},     {"timestamptz", Kind::time},
                                                   {"_text", Kind::list}};
    auto const found = kinds.find(type);
    if (found == kinds.end()) throw std::runtime_error("a column of type " + type + " cannot be copied");
    return found->second;
}

/// The connection remembers what it prepared by the statement itself, so these must stay where they are.
Rows TableWriter::ask(std::string const& name, std::string const& text) {
    return must(connection_.ask(statements_.emplace(name, Sql{name, text}).first->second));
}

void TableWriter::require_empty() {
    for (TableShape const& table : tables_) {
        std::string const condition = table.name == "outbox_head" ? " WHERE position > 0" : "";
        if (table.name == "store_meta") continue;
        if (ask("any_" + table.name, "SELECT FROM " + table.name + condition + " LIMIT 1").size() > 0)
            throw std::runtime_error("the store to copy to is not empty: it has rows in " + table.name);
    }
}

std::vector<TableShape> TableWriter::tables() {
    return tables_;
}

void TableWriter::write(TableShape const& table, std::span<CellRow const> rows) {
    std::string const command = "COPY " + table.name + " (" + names_of(table.columns) + ") FROM STDIN";
    std::vector<Column> kinds;
    for (std::string const& column : table.columns) kinds.push_back(columns_.at({table.name, column}));
    std::int64_t copied = 0;
    for (CellRow const& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) text_ += '\t';
            append(text_, row[i], kinds[i]);
        }
        text_ += '\n';
        if (text_.size() < copy_at_once && &row != &rows.back()) continue;
        copied += must(connection_.copy_in(command, text_));
        text_.clear();
    }
    if (copied != static_cast<std::int64_t>(rows.size())) throw std::runtime_error("not every row of " + table.name + " arrived");
}

void TableWriter::append(std::string& line, Cell const& cell, Column const& column) const {
    if (std::holds_alternative<std::monostate>(cell)) {
        if (!column.required)
            line += "\\N";
        else if (column.kind == Kind::number)  // the embedded store has NULL for what was never polled
            line += '0';
        else if (column.kind != Kind::text)
            throw std::runtime_error("a value is missing that the store needs");
        return;
    }
    if (auto const* const number = std::get_if<std::int64_t>(&cell)) {
        if (column.kind == Kind::boolean)
            line += *number != 0 ? 't' : 'f';
        else if (column.kind == Kind::time)
            append_rfc3339(line, UtcTime(std::chrono::microseconds(*number)));
        else
            line += std::to_string(*number);
        return;
    }
    std::string const& value = std::get<std::string>(cell);
    switch (column.kind) {
        case Kind::bytes:
            line += "\\\\x";
            append_hex(line, value);
            return;
        case Kind::id: append_hex(line, value); return;
        case Kind::list:  // of strings in quotes, in JSON as in an array's text form
            if (value.size() >= 2) append_escaped(line, "{" + value.substr(1, value.size() - 2) + "}");
            return;
        default: append_escaped(line, clean_text(value));
    }
}

std::int64_t TableWriter::count(std::string const& table) {
    Rows answer = ask("count_" + table, "SELECT count(*) FROM " + table);
    return answer.next() ? answer.integer(0) : 0;
}

void TableWriter::commit() {
    must(connection_.script("UPDATE store_meta SET schema_version = " + std::to_string(newest_schema())));
    // Numbers that the server gives go on behind those that came along.
    for (auto const& [table, column] : counted_)
        must(connection_.script("SELECT setval(pg_get_serial_sequence('" + table + "', '" + column + "'), (SELECT coalesce(max(" +
                                column + "), 0) + 1 FROM " + table + "), false)"));
    must(connection_.ask(sql::commit));
    static_cast<void>(connection_.script("ANALYZE"));
}

}  // namespace mds::postgres
