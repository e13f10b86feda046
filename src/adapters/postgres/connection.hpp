#pragma once

#include <mds/domain/error.hpp>

#include "adapters/postgres/condition.hpp"
#include "adapters/postgres/conninfo.hpp"
#include "adapters/postgres/rows.hpp"
#include "adapters/postgres/wire.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pollfd;

namespace mds::postgres {

/// A statement and the name under which each connection prepares it, once.
struct Sql {
    std::string name;
    std::string text;
};

using Replies = std::vector<Rows>;

/// One session with the server. Statements are queued by send() and go out together in run(): one round trip (libpq's pipeline
/// mode). Connects when it is first used, and again, after a jittered back-off, when it was lost. Blocking, with a deadline on
/// every wait. One thread at a time.
class Connection {
public:
    Connection(ConnectionOptions options, Side side, Condition& condition);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    template <class... Args>
    void send(Sql const& sql, Args const&... args) {
        queue_.push_back(Queued{&sql, Params(args...)});
    }
    /// One reply for each statement sent, in order. After an error none of them took effect, except where the connection was lost
    /// with a COMMIT under way: then nobody knows. A transaction that was open is rolled back.
    Result<Replies> run();
    /// send() and run() of one statement.
    template <class... Args>
    Result<Rows> ask(Sql const& sql, Args const&... args) {
        send(sql, args...);
        auto replies = run();
        if (!replies) return replies.error();
        return std::move(replies->front());
    }
    /// COPY FROM STDIN with `data` in the form that `sql` names. Rows that were copied. `meanwhile` is called once the server has
    /// work to begin with.
    Result<std::int64_t> copy_in(
        std::string const& sql, std::string_view data, std::function<void()> const& meanwhile = [] {});
    /// Several statements in one text, without parameters.
    Result<void> script(std::string const& sql);

    bool in_transaction() const noexcept;
    void rollback() noexcept;
    void forget_queued() noexcept { queue_.clear(); }
    /// The fault of the last error.
    Fault last_fault() const noexcept { return fault_; }
    /// Whether the same work may be done over at once: a connection that had worked was found dead, and nothing was committed on
    /// it.
    bool worth_another_try() const noexcept { return lost_idle_; }
    /// Counts the connections made: what was remembered of the server's tables belongs to one of them.
    std::uint64_t generation() const noexcept { return generation_; }
    Condition& condition() const noexcept { return condition_; }

private:
    struct Queued {
        Sql const* sql;
        Params params;
    };
    struct Delete {
        void operator()(pg_conn* connection) const noexcept;
    };
    using Deadline = std::chrono::steady_clock::time_point;

    Result<void> ready();
    Result<void> connect();
    void drop() noexcept;
    Error failed(Fault fault, std::string detail);
    Error failed(pg_result const* result);
    Error lost(pg_result const* last_word);

    bool send_all(std::vector<Queued> const& queue, std::vector<std::string_view>& steps);
    Result<Replies> read_all(std::vector<std::string_view> const& steps);
    int poll_until(pollfd& watched, Deadline deadline) const;
    bool flush();
    bool wait(bool for_write, Deadline deadline);
    ResultHolder next_result();
    ResultHolder simple(std::string const& sql);

    ConnectionOptions options_;
    Side side_;
    Condition& condition_;
    std::unique_ptr<pg_conn, Delete> connection_;
    std::vector<Queued> queue_;
    std::set<std::string_view> prepared_;
    std::minstd_rand random_;
    int failures_ = 0;  ///< to connect, in a row
    Deadline not_before_{};
    std::uint64_t generation_ = 0;
    Fault fault_ = Fault::none;
    bool worked_ = false;  ///< since it was connected
    bool wrote_ = false;   ///< in the transaction that is open
    bool open_ = false;    ///< a transaction was begun, and neither ended nor given up
    bool timed_out_ = false;
    bool lost_idle_ = false;
    bool committing_ = false;  ///< in the run under way
};

/// Rolls back, at the end of its scope, what was begun and neither committed nor ended by an error.
class TransactionScope {
public:
    explicit TransactionScope(Connection& connection) noexcept : connection_(connection) {}
    ~TransactionScope() {
        connection_.forget_queued();
        if (connection_.in_transaction()) connection_.rollback();
    }
    TransactionScope(TransactionScope const&) = delete;
    TransactionScope& operator=(TransactionScope const&) = delete;

private:
    Connection& connection_;
};

/// Runs `work`, and once more where a connection that had worked was found dead before anything was committed.
template <class Work>
auto with_fresh_connection(Connection& connection, Work work) {
    auto result = work();
    if (!result && connection.worth_another_try()) result = work();
    return result;
}

}  // namespace mds::postgres
