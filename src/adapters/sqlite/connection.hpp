#pragma once
// A thin skin over the C interface. A fault sticks to its connection until the transaction ends, as with an iostream: the
// statements after it do nothing, and commit() reports it. So a sequence of statements reads as one.

#include <mds/domain/error.hpp>
#include <mds/domain/time.hpp>
#include <mds/domain/uuid.hpp>

#include "adapters/sqlite/condition.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace mds::sqlite {

/// What survives a power cut. `off` exists for the test that shows the difference.
enum class Durability { full, off };

struct ConnectionOptions {
    std::string path;
    std::string vfs;  ///< empty: SQLite's own
    Durability durability = Durability::full;
    int cache_kib = 256;
    int busy_ms = 1000;           ///< patience with locks of other programs
};

/// One thread at a time.
class Connection {
public:
    /// Throws std::runtime_error with a text for people.
    Connection(ConnectionOptions const& options, Side side, Condition& condition);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    /// True while a fault sticks.
    bool failed() const noexcept { return fault_ != Fault::none; }
    /// Remembers the first fault.
    void note(int code, char const* sql);
    /// Clears the fault, tells the condition, and returns it.
    std::optional<Error> take_fault();

    /// Rows that the last statement changed.
    std::int64_t changes() const noexcept;
    /// Runs SQL without parameters, several statements as well.
    void execute(char const* sql);
    bool in_transaction() const noexcept;
    sqlite3* handle() const noexcept { return db_; }
    Side side() const noexcept { return side_; }
    int busy_ms() const noexcept { return busy_ms_; }
    Condition& condition() const noexcept { return condition_; }

private:
    sqlite3* db_ = nullptr;
    Side side_;
    int busy_ms_;
    Condition& condition_;
    Fault fault_ = Fault::none;
    std::string detail_;
};

/// Bytes that are bound or read as BLOB.
struct Bytes {
    std::string_view view;
};

/// A prepared statement. Text and bytes are bound without a copy: alive until the statement has run or its Rows are gone.
class Statement {
public:
    Statement(Connection& connection, std::string_view sql);
    ~Statement();
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;

    /// Runs to the end. False: a fault sticks.
    template <class... Args>
    bool run(Args const&... args) {
        bind_all(args...);
        return finish();
    }

    class Rows;
    template <class... Args>
    [[nodiscard]] Rows query(Args const&... args);

private:
    template <class... Args>
    void bind_all(Args const&... args) {
        int index = 0;
        (bind(++index, args), ...);
    }
    template <class Int>
    requires std::is_integral_v<Int>
    void bind(int index, Int value) { bind_integer(index, static_cast<std::int64_t>(value)); }
    template <class T>
    void bind(int index, std::optional<T> const& value) {
        value ? bind(index, *value) : bind_null(index);
    }
    void bind(int index, UtcTime value) { bind_integer(index, value.time_since_epoch().count()); }
    void bind(int index, std::string_view value);
    void bind(int index, Bytes value);
    void bind(int index, Uuid const& value);
    void bind_integer(int index, std::int64_t value);
    void bind_null(int index);

    bool step();
    bool finish();
    void reset() noexcept;

    Connection& connection_;
    sqlite3_stmt* statement_ = nullptr;
};

/// The rows of one execution; gives the statement back when it goes out of scope. Columns count from 0.
class Statement::Rows {
public:
    explicit Rows(Statement& statement) noexcept : statement_(statement) {}
    ~Rows() { statement_.reset(); }
    Rows(Rows const&) = delete;
    Rows& operator=(Rows const&) = delete;

    /// False: no further row, or a fault.
    bool next() { return statement_.step(); }
    bool is_null(int column) const noexcept;
    std::int64_t integer(int column) const noexcept;
    UtcTime time(int column) const noexcept { return UtcTime(std::chrono::microseconds(integer(column))); }
    std::optional<UtcTime> optional_time(int column) const noexcept;
    /// Alive until the next next(). NULL reads as empty.
    std::string_view text(int column) const noexcept;
    std::string_view bytes(int column) const noexcept;
    Uuid uuid(int column) const noexcept;

private:
    Statement& statement_;
};

template <class... Args>
Statement::Rows Statement::query(Args const&... args) {
    bind_all(args...);
    return Rows(*this);
}

/// BEGIN to COMMIT; rolls back what was not committed.
class Transaction {
public:
    explicit Transaction(Connection& connection);
    ~Transaction();
    Transaction(Transaction const&) = delete;
    Transaction& operator=(Transaction const&) = delete;

    /// The first fault of the transaction, which is then rolled back, or success.
    Result<void> commit();

private:
    Connection& connection_;
    bool open_ = true;
};

}  // namespace mds::sqlite
