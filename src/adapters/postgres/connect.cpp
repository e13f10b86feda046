// How a Connection comes to its session; the rest of it is in connection.cpp.

#include "adapters/postgres/connection.hpp"

#include "support/backoff.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cctype>

namespace mds::postgres {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds backoff_base{50};
constexpr milliseconds backoff_cap{2000};

/// The five characters in "FATAL:  53300: sorry, ..."; libpq has no other way to tell why a log-in failed. Empty: not from a
/// server.
std::string sqlstate_of(std::string_view message) {
    auto const is_code = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 || (c >= 'A' && c <= 'Z'); };
    for (std::size_t at = message.find(":  "); at != message.npos; at = message.find(":  ", at + 1)) {
        auto const rest = message.substr(at + 3);
        if (rest.size() > 5 && rest[5] == ':' && std::ranges::all_of(rest.substr(0, 5), is_code))
            return std::string(rest.substr(0, 5));
    }
    return {};
}

/// What every session must have, whatever the server's or the user's defaults are.
std::string settings(ConnectionOptions const& options) {
    // A process that freezes between two round trips gives its row locks up before its leases run out.
    return "SET statement_timeout = " + std::to_string(options.statement_timeout.count()) +
           "; SET idle_in_transaction_session_timeout = 10000; SET timezone = 'UTC'; SET datestyle = 'ISO';"
           // A statement behind a lock must see what the one that it waited for committed.
           "SET default_transaction_isolation = 'read committed';"
           // Planned once and run often; compiling a plan would cost more than it saves.
           "SET jit = off;"
           // An index serves each of our queries. A plan that is made while a table is empty would read it whole until the first
           // ANALYZE.
           "SET enable_seqscan = off;"
           // An acknowledged commit is on disk. Stronger settings (remote_apply) stay as they are.
           "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";
}

}  // namespace

Result<void> Connection::ready() {
    if (connection_ && PQstatus(connection_.get()) == CONNECTION_OK) return {};
    if (open_) return lost(nullptr);  // the rest of a transaction whose beginning went with its session
    drop();
    if (Clock::now() < not_before_) return to_error(fault_, "waiting before the next try to connect");
    if (auto made = connect(); !made) {
        not_before_ = Clock::now() + support::equal_jitter(failures_++, backoff_base, backoff_cap, random_());
        return made;
    }
    failures_ = 0;
    ++generation_;
    condition_.connected();
    return {};
}

Result<void> Connection::connect() {
    ConnectParams const params(options_);
    // Of several hosts each must have its time, which only the blocking form gives it.
    auto const begin = params.hosts() > 1 ? PQconnectdbParams : PQconnectStartParams;
    connection_.reset(begin(params.keys().data(), params.values().data(), 0));
    auto* const connection = connection_.get();
    if (connection == nullptr) return failed(Fault::resources, "no memory");
    // What matters comes as an error; libpq would print the rest to standard error.
    PQsetNoticeReceiver(
        connection, [](void*, PGresult const*) {}, nullptr);
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    auto const deadline = Clock::now() + options_.connect_timeout;
    auto status = PGRES_POLLING_WRITING;
    if (PQstatus(connection) == CONNECTION_BAD) status = PGRES_POLLING_FAILED;
    if (PQstatus(connection) == CONNECTION_OK) status = PGRES_POLLING_OK;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        pollfd watched{PQsocket(connection), static_cast<short>(status == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
        if (poll_until(watched, deadline) == 0) return failed(Fault::away, "no connection in time");
        status = PQconnectPoll(connection);
    }
    if (status != PGRES_POLLING_OK) {
        std::string message = PQerrorMessage(connection);
        std::ranges::replace(message, '\n', ' ');
        bool const no_password = PQconnectionNeedsPassword(connection) == 1;  // libpq found out itself: there is no code
        Fault const fault = no_password ? Fault::denied : classify(sqlstate_of(message));
        return failed(fault, std::move(message));
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    PQsetnonblocking(connection, 1);
    auto const set = simple(settings(options_));
    if (!set || PQresultStatus(set.get()) == PGRES_FATAL_ERROR) return lost(set.get());
    return {};
}

}  // namespace mds::postgres
