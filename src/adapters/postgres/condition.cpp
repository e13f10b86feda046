#include "adapters/postgres/condition.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace mds::postgres {
namespace {

constexpr std::chrono::milliseconds mend_interval{500};

/// One line for clients and /readyz; the metric's label beside it.
std::pair<char const*, char const*> texts(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return {"", "none"};
        case Fault::away: return {"the database cannot be reached", "away"};
        case Fault::no_answer: return {"the database does not answer in time", "no_answer"};
        case Fault::busy: return {"the database is busy with other writers", "busy"};
        case Fault::read_only: return {"the database is read-only", "read_only"};
        case Fault::too_many_connections: return {"the database has no connection left", "too_many_connections"};
        case Fault::disk_full: return {"the disk of the database is full", "disk_full"};
        case Fault::resources: return {"the database is out of memory", "resources"};
        case Fault::denied: return {"the database refuses our log-in or rights", "denied"};
        case Fault::damaged: return {"the database reports damage", "damaged"};
        case Fault::refused_row:
        case Fault::repeated_row: return {"the store refuses a row", "refused_row"};
        case Fault::bug: break;
    }
    return {"internal error", "internal"};
}

/// Says nothing about the store, but about what was asked of it.
bool is_ours(Fault fault) noexcept {
    return fault == Fault::refused_row || fault == Fault::repeated_row || fault == Fault::bug;
}

ErrorCode error_code(Fault fault) noexcept {
    if (fault == Fault::refused_row || fault == Fault::repeated_row) return ErrorCode::invalid_argument;
    return fault == Fault::bug ? ErrorCode::internal : ErrorCode::unavailable;
}

struct State {
    std::string_view prefix;  ///< of the SQLSTATE
    Fault fault;
};

/// The first that fits counts.
constexpr std::array<State, 29> states{{
    {"00", Fault::none},
    {"08", Fault::away},
    {"57P", Fault::away},         // shutdown, crash recovery, starting up, database dropped
    {"57014", Fault::no_answer},  // statement_timeout
    {"25006", Fault::read_only},
    {"25P03", Fault::away},  // ended for being idle in a transaction
    {"40", Fault::busy},
    {"55P03", Fault::busy},
    {"55006", Fault::busy},
    {"53100", Fault::disk_full},
    {"53300", Fault::too_many_connections},
    {"53", Fault::resources},
    {"58", Fault::away},  // the server's own I/O
    {"28", Fault::denied},
    {"3D000", Fault::denied},
    {"42501", Fault::denied},
    {"XX001", Fault::damaged},
    {"XX002", Fault::damaged},
    {"XX", Fault::away},  // the server's own bug: another try may pass it by
    {"23505", Fault::repeated_row},
    {"22", Fault::refused_row},
    {"23", Fault::refused_row},
    {"44", Fault::refused_row},
    {"54", Fault::refused_row},  // a limit of PostgreSQL's, such as the size of a row
    {"0A000", Fault::away},      // a cached plan that a migration made void: a new connection plans anew
    {"26000", Fault::away},      // a prepared statement that somebody else discarded: the same
    {"34", Fault::away},
    {"25P02", Fault::busy},
    {"F0", Fault::denied},
}};

}  // namespace

Fault classify(std::string_view sqlstate) noexcept {
    if (sqlstate.empty()) return Fault::away;
    for (auto const& [prefix, fault] : states)
        if (sqlstate.starts_with(prefix)) return fault;
    return Fault::bug;
}

Error to_error(Fault fault, std::string detail) {
    return Error(error_code(fault), texts(fault).first, std::move(detail));
}

Condition::Condition(support::Log log, support::Metrics& metrics)
    : log_(std::move(log)),
      metrics_(metrics),
      connects_(metrics.counter("mds_postgres_connects_total", "Connections made to the database")) {}

Health Condition::store_health() const {
    Fault const write = write_.load(std::memory_order_relaxed);
    Fault const read = read_.load(std::memory_order_relaxed);
    Fault const seen = write != Fault::none ? write : read;
    Health health;
    health.ready = seen == Fault::none;
    health.reason = texts(seen).first;
    return health;
}

void Condition::worked(Side side) noexcept {
    if (of(side).load(std::memory_order_relaxed) == Fault::none || of(side).exchange(Fault::none) == Fault::none) return;
    log_.info("store.recovered", {{"side", side == Side::read ? "read" : "write"}});
}

void Condition::failed(Side side, Fault fault, std::string const& detail) {
    auto const kind = texts(fault).second;
    metrics_.counter("mds_postgres_faults_total", "Failed calls of the database, by kind", {{"kind", kind}}).Increment();
    if (is_ours(fault)) {
        log_.error("store.refused", {{"kind", kind}, {"detail", detail}});
        return;
    }
    if (fault == Fault::busy) {  // a matter between writers; the next try is free
        log_.warning("store.busy", {{"detail", detail}});
        return;
    }
    Fault before = Fault::none;
    {
        std::lock_guard const lock(mutex_);
        before = of(side).exchange(fault);
    }
    changed_.notify_all();
    if (before != fault) log_.error("store.failed", {{"kind", kind}, {"detail", detail}});
}

bool Condition::wait_for_fault() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || write_.load() != Fault::none || read_.load() != Fault::none; });
    return !stopped_;
}

bool Condition::pause() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, mend_interval, [this] { return stopped_; });
}

void Condition::stop() noexcept {
    {
        std::lock_guard const lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_all();
}

}  // namespace mds::postgres
