#include "adapters/postgres/connection.hpp"

#include "adapters/postgres/statements.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace mds::postgres {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string message_of(pg_conn const* connection) {
    std::string text = PQerrorMessage(connection);
    std::ranges::replace(text, '\n', ' ');
    return text;
}

/// After these the session is of no more use, or another server may be the right one by now.
bool ends_session(Fault fault) noexcept {
    switch (fault) {
        case Fault::away:
        case Fault::read_only:
        case Fault::too_many_connections:
        case Fault::resources:
        case Fault::denied:
        case Fault::damaged: return true;
        default: return false;
    }
}

}  // namespace

void Connection::Delete::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

Connection::Connection(ConnectionOptions options, Side side, Condition& condition)
    : options_(std::move(options)), side_(side), condition_(condition), random_(std::random_device{}()) {}
Connection::~Connection() = default;

Result<Replies> Connection::run() {
    auto const queue = std::exchange(queue_, {});
    lost_idle_ = false;
    if (auto connected = ready(); !connected) return connected.error();
    committing_ = std::ranges::any_of(queue, [](Queued const& queued) { return queued.sql == &sql::commit; });
    std::vector<std::string_view> steps;
    if (!send_all(queue, steps)) return lost(nullptr);
    auto replies = read_all(steps);
    if (!replies) return replies.error();
    worked_ = true;
    // What a writer reads, or ends without a change, says nothing about whether the server takes writes.
    if (std::ranges::any_of(*replies, &Rows::wrote)) wrote_ = true;
    open_ = in_transaction();
    bool const durable = !open_ && std::exchange(wrote_, false);
    if (side_ == Side::read || durable) condition_.worked(side_);
    return replies;
}

/// Prepares what this session does not know yet on the way; those come back in `steps` by name, executions as an empty one.
bool Connection::send_all(std::vector<Queued> const& queue, std::vector<std::string_view>& steps) {
    auto* const connection = connection_.get();
    if (PQenterPipelineMode(connection) == 0) return false;
    for (Queued const& queued : queue) {
        auto const& [name, text] = *queued.sql;
        if (prepared_.insert(name).second) {
            if (PQsendPrepare(connection, name.c_str(), text.c_str(), 0, nullptr) == 0) return false;
            steps.push_back(name);
        }
        auto const values = queued.params.values();
        auto const lengths = queued.params.lengths();
        std::vector<int> const formats(values.size(), 1);
        if (PQsendQueryPrepared(connection, name.c_str(), queued.params.count(), values.data(), lengths.data(), formats.data(),
                                1) == 0)
            return false;
        steps.emplace_back();
    }
    return PQpipelineSync(connection) == 1 && flush();
}

/// Reads up to the synchronisation point, whatever comes before it.
Result<Replies> Connection::read_all(std::vector<std::string_view> const& steps) {
    Replies replies;
    ResultHolder error;
    for (std::size_t done = 0;;) {
        auto result = next_result();
        if (timed_out_ || PQstatus(connection_.get()) == CONNECTION_BAD)
            return lost(error.get() != nullptr ? error.get() : result.get());
        if (!result) continue;  // the end of one statement
        auto const status = PQresultStatus(result.get());
        if (status == PGRES_PIPELINE_SYNC) break;
        bool const worked = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        auto const prepared = done < steps.size() ? steps[done++] : std::string_view();
        if (!worked && !prepared.empty()) prepared_.erase(prepared);
        if (worked && prepared.empty()) replies.emplace_back(std::move(result));
        if (!worked && status != PGRES_PIPELINE_ABORTED && !error) error = std::move(result);
    }
    PQexitPipelineMode(connection_.get());
    if (error) return failed(error.get());
    return replies;
}

/// The session ended, with a last word of the server's or without.
Error Connection::lost(pg_result const* last_word) {
    if (timed_out_) return failed(Fault::no_answer, "no answer from the server");
    if (last_word != nullptr && PQresultErrorField(last_word, PG_DIAG_SQLSTATE) != nullptr) return failed(last_word);
    return failed(Fault::away, message_of(connection_.get()));
}

Error Connection::failed(pg_result const* result) {
    char const* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    std::string const sqlstate = state == nullptr ? "" : state;
    std::string detail = sqlstate + " " + PQresultErrorMessage(result);
    std::ranges::replace(detail, '\n', ' ');
    return failed(classify(sqlstate), std::move(detail));
}

/// Leaves the connection either idle or closed.
Error Connection::failed(Fault fault, std::string detail) {
    fault_ = fault == Fault::none ? Fault::bug : fault;
    open_ = false;
    bool const closed = !connection_ || timed_out_ || PQstatus(connection_.get()) == CONNECTION_BAD;
    lost_idle_ = fault_ == Fault::away && worked_ && !committing_;
    condition_.failed(side_, fault_, detail);
    if (closed || ends_session(fault_)) {
        drop();
    } else if (in_transaction()) {
        rollback();
    }
    return to_error(fault_, std::move(detail));
}

bool Connection::in_transaction() const noexcept {
    return connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

void Connection::rollback() noexcept {
    wrote_ = open_ = false;
    if (!simple("ROLLBACK")) drop();
}

void Connection::drop() noexcept {
    connection_.reset();
    prepared_.clear();
    worked_ = false;
    wrote_ = false;
    open_ = false;
    timed_out_ = false;
}

bool Connection::flush() {
    auto const deadline = Clock::now() + options_.answer_timeout;
    for (;;) {
        int const left = PQflush(connection_.get());
        if (left <= 0) return left == 0;
        if (!wait(true, deadline)) return false;
    }
}

/// As poll(2), of one descriptor; 0: the deadline passed, or nobody wants to wait any more.
int Connection::poll_until(pollfd& watched, Deadline deadline) const {
    for (;;) {
        auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || condition_.stopped() || (options_.give_up && options_.give_up())) return 0;
        left = std::min(left, milliseconds(50));
        int const ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left.count(), INT32_MAX)));
        if (ready != 0) return ready;
    }
}

/// Takes in what has arrived. False: the deadline passed (`timed_out_`), or the connection broke.
bool Connection::wait(bool for_write, Deadline deadline) {
    pollfd watched{PQsocket(connection_.get()), static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN), 0};
    int const ready = poll_until(watched, deadline);
    if (ready < 0) return errno == EINTR;
    if (ready == 0) {
        timed_out_ = true;
        return false;
    }
    if ((watched.revents & POLLOUT) != 0 && (watched.revents & ~POLLOUT) == 0) return true;
    return PQconsumeInput(connection_.get()) == 1;
}

/// The next result; null at the end of a statement, or where the session ended.
ResultHolder Connection::next_result() {
    auto const deadline = Clock::now() + options_.answer_timeout;
    while (PQisBusy(connection_.get()) == 1)
        if (!wait(false, deadline)) break;
    return timed_out_ ? nullptr : ResultHolder(PQgetResult(connection_.get()));
}

/// The last result of a text of statements, outside the pipeline.
ResultHolder Connection::simple(std::string const& sql) {
    ResultHolder last;
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0 || !flush()) return last;
    for (;;) {
        auto result = next_result();
        if (!result) return timed_out_ ? nullptr : std::move(last);
        auto const status = PQresultStatus(result.get());
        bool const error = last && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
        if (!error) last = std::move(result);
        if (status == PGRES_COPY_IN || PQstatus(connection_.get()) == CONNECTION_BAD) return last;
    }
}

Result<void> Connection::script(std::string const& sql) {
    lost_idle_ = committing_ = false;
    if (auto connected = ready(); !connected) return connected.error();
    auto const result = simple(sql);
    if (!result || PQstatus(connection_.get()) == CONNECTION_BAD) return lost(result.get());
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) return failed(result.get());
    return {};
}

Result<std::int64_t> Connection::copy_in(std::string const& sql, std::string_view data, std::function<void()> const& meanwhile) {
    lost_idle_ = committing_ = false;
    if (auto connected = ready(); !connected) return connected.error();
    auto const begun = simple(sql);
    if (!begun || PQstatus(connection_.get()) == CONNECTION_BAD) return lost(begun.get());
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return failed(begun.get());
    auto* const connection = connection_.get();
    // Does not block: what the socket does not take waits in libpq's buffer.
    bool const put = PQputCopyData(connection, data.data(), static_cast<int>(data.size())) == 1 &&
                     PQputCopyEnd(connection, nullptr) == 1 && PQflush(connection) >= 0;
    if (put) meanwhile();
    auto const done = put && flush() ? next_result() : nullptr;
    if (!done || PQstatus(connection) == CONNECTION_BAD) return lost(done.get());
    std::int64_t const rows = Rows(ResultHolder(PQcopyResult(done.get(), 0))).changes();
    while (auto const rest = next_result()) continue;
    if (timed_out_ || PQstatus(connection) == CONNECTION_BAD) return lost(done.get());
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) return failed(done.get());
    if (rows > 0) wrote_ = true;
    return rows;
}

}  // namespace mds::postgres
