#include "adapters/sqlite/connection.hpp"

#include <sqlite3.h>

#include <cstring>
#include <stdexcept>

namespace mds::sqlite {

Connection::Connection(ConnectionOptions const& options, Side side, Condition& condition) : side_(side), busy_ms_(options.busy_ms), condition_(condition) {
    int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (side == Side::write ? SQLITE_OPEN_CREATE : 0);
    int const code = sqlite3_open_v2(options.path.c_str(), &db_, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
    sqlite3_extended_result_codes(db_, 1);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(db_, options.busy_ms);
        // The WAL keeps readers and the writer apart; full: every commit is synced before it is acknowledged.
        if (side == Side::write)
            execute("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864");
        execute(options.durability == Durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
        execute("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF");
        execute("PRAGMA wal_autocheckpoint = 0");  // checkpoints.hpp
        execute(("PRAGMA cache_size = -" + std::to_string(options.cache_kib)).c_str());
        if (side == Side::read) execute("PRAGMA query_only = ON");
    } else {
        note(code, "open");
    }
    if (auto const fault = take_fault()) {
        sqlite3_close_v2(db_);
        throw std::runtime_error("cannot open the store " + options.path + ": " + fault->message + " (" + fault->detail + ")");
    }
}

Connection::~Connection() {
    sqlite3_close_v2(db_);
}

void Connection::note(int code, char const* sql) {
    if (failed()) return;
    fault_ = classify(code, sqlite3_system_errno(db_));
    if (fault_ == Fault::none) fault_ = Fault::bug;
    detail_ = std::string(sqlite3_errmsg(db_)) + " [" + std::to_string(code) + "] in: " + sql;
}

std::optional<Error> Connection::take_fault() {
    if (!failed()) return std::nullopt;
    Fault const fault = std::exchange(fault_, Fault::none);
    condition_.failed(side_, fault, detail_);
    return to_error(fault, std::exchange(detail_, {}));
}

std::int64_t Connection::changes() const noexcept {
    return sqlite3_changes64(db_);
}

bool Connection::in_transaction() const noexcept {
    return sqlite3_get_autocommit(db_) == 0;
}

void Connection::execute(char const* sql) {
    if (failed()) return;
    int const code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) note(code, sql);
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection) {
    int const code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement_, nullptr);
    if (code == SQLITE_OK) return;
    connection.note(code, std::string(sql).c_str());
    auto const fault = connection.take_fault();
    throw std::runtime_error("the store does not take a statement: " + fault->detail);
}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

void Statement::bind(int index, std::string_view value) {
    // A null pointer would bind NULL.
    sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::bind(int index, Bytes value) {
    sqlite3_bind_blob64(statement_, index, value.view.data() == nullptr ? "" : value.view.data(), value.view.size(), SQLITE_STATIC);
}
void Statement::bind(int index, Uuid const& value) {
    sqlite3_bind_blob64(statement_, index, value.bytes.data(), value.bytes.size(), SQLITE_STATIC);
}
void Statement::bind_integer(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
}
void Statement::bind_null(int index) {
    sqlite3_bind_null(statement_, index);
}

bool Statement::step() {
    if (connection_.failed()) return false;
    int const code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) connection_.note(code, sqlite3_sql(statement_));
    return false;
}

bool Statement::finish() {
    while (step()) continue;
    reset();
    return !connection_.failed();
}

void Statement::reset() noexcept {
    sqlite3_reset(statement_);
}

bool Statement::Rows::is_null(int column) const noexcept {
    return sqlite3_column_type(statement_.statement_, column) == SQLITE_NULL;
}
std::int64_t Statement::Rows::integer(int column) const noexcept {
    return sqlite3_column_int64(statement_.statement_, column);
}

std::optional<UtcTime> Statement::Rows::optional_time(int column) const noexcept {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

std::string_view Statement::Rows::text(int column) const noexcept {
    auto const* const data = reinterpret_cast<char const*>(sqlite3_column_text(statement_.statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.statement_, column))};
}

std::string_view Statement::Rows::bytes(int column) const noexcept {
    auto const* const data = static_cast<char const*>(sqlite3_column_blob(statement_.statement_, column));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.statement_, column))};
}

Uuid Statement::Rows::uuid(int column) const noexcept {
    Uuid id;
    std::string_view const data = bytes(column);
    if (data.size() == id.bytes.size()) std::memcpy(id.bytes.data(), data.data(), data.size());
    return id;
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
    // IMMEDIATE: takes the write lock now, so that no statement in the middle can be refused for want of it.
    connection.execute(connection.side() == Side::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
    if (!open_) return;
    if (connection_.in_transaction()) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    connection_.take_fault();
}

Result<void> Transaction::commit() {
    connection_.execute("COMMIT");
    open_ = false;
    auto fault = connection_.take_fault();
    if (!fault) {
        connection_.condition().worked(connection_.side());
        return {};
    }
    if (connection_.in_transaction()) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    return *std::move(fault);
}

}  // namespace mds::sqlite
