#include "adapters/sqlite/condition.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <utility>

namespace mds::sqlite {
namespace {

using support::FaultBearing;
using support::FaultKind;

/// One for each Fault, in its order.
constexpr std::array<FaultKind, 10> kinds{{
    {"", "none", FaultBearing::request},
    {"the store is locked by another program", "locked", FaultBearing::outage},
    {"the disk of the store is full", "disk_full", FaultBearing::outage},
    {"the disk of the store reports errors", "io", FaultBearing::outage},
    {"the store is read-only", "read_only", FaultBearing::outage},
    {"the store cannot be opened", "cannot_open", FaultBearing::outage},
    {"the store's file is damaged", "corrupt", FaultBearing::damage},
    {"the store is out of memory", "out_of_memory", FaultBearing::outage},
    {"the store refuses a row", "refused_row", FaultBearing::request},
    {"internal error", "internal", FaultBearing::request},
}};

FaultKind const& kind_of(Fault fault) noexcept {
    return kinds[static_cast<std::size_t>(fault)];
}

ErrorCode error_code(Fault fault) noexcept {
    if (fault == Fault::refused_row) return ErrorCode::invalid_argument;
    return fault == Fault::bug ? ErrorCode::internal : ErrorCode::unavailable;
}

}  // namespace

Fault classify(int code, int system_errno) noexcept {
    switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE: return Fault::none;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: return Fault::locked;  // the last: a race for the locks of the WAL that was lost too often
        case SQLITE_FULL: return Fault::disk_full;
        case SQLITE_IOERR:
            if (code == SQLITE_IOERR_NOMEM) return Fault::out_of_memory;
            return system_errno == ENOSPC || system_errno == EDQUOT ? Fault::disk_full : Fault::io;
        case SQLITE_READONLY: return Fault::read_only;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH: return Fault::cannot_open;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT: return Fault::corrupt;
        case SQLITE_NOMEM: return Fault::out_of_memory;
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH: return Fault::refused_row;
        default: return Fault::bug;
    }
}

Error to_error(Fault fault, std::string detail) {
    return Error(error_code(fault), kind_of(fault).text, std::move(detail));
}

Condition::Condition(support::Log log, support::Metrics& metrics)
    : FaultMemory(std::move(log), metrics, "mds_sqlite_faults_total", "Failed calls of the embedded store, by kind") {}

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

}  // namespace mds::sqlite
