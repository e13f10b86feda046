#include "adapters/postgres/condition.hpp"

#include <array>
#include <utility>

namespace mds::postgres {
namespace {

using support::FaultBearing;
using support::FaultKind;

/// One for each Fault, in its order.
constexpr std::array<FaultKind, 13> kinds{{
    {"", "none", FaultBearing::request},
    {"the database cannot be reached", "away", FaultBearing::outage},
    {"the database does not answer in time", "no_answer", FaultBearing::outage},
    {"the database is busy with other writers", "busy", FaultBearing::passing},
    {"the database is read-only", "read_only", FaultBearing::outage},
    {"the database has no connection left", "too_many_connections", FaultBearing::outage},
    {"the disk of the database is full", "disk_full", FaultBearing::outage},
    {"the database is out of memory", "resources", FaultBearing::outage},
    {"the database refuses our log-in or rights", "denied", FaultBearing::outage},
    {"the database reports damage", "damaged", FaultBearing::outage},
    {"the store refuses a row", "refused_row", FaultBearing::request},
    {"the store refuses a row", "repeated_row", FaultBearing::repeat},
    {"internal error", "internal", FaultBearing::request},
}};

FaultKind const& kind_of(Fault fault) noexcept {
    return kinds[static_cast<std::size_t>(fault)];
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
    return Error(error_code(fault), kind_of(fault).text, std::move(detail));
}

Condition::Condition(support::Log log, support::Metrics& metrics)
    : FaultMemory(std::move(log), metrics, "mds_postgres_faults_total", "Failed calls of the database, by kind"),
      connects_(metrics.counter("mds_postgres_connects_total", "Connections made to the database")) {}

Health Condition::store_health() const {
    FaultKind const* const fault = suffered();
    Health health;
    health.ready = fault == nullptr;
    if (fault != nullptr) health.reason = fault->text;
    return health;
}

void Condition::failed(Side side, Fault fault, std::string const& detail) {
    FaultMemory::failed(side, kind_of(fault), detail);
}

}  // namespace mds::postgres
