#include "adapters/sqlite/condition.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace mds::sqlite {
namespace {

constexpr std::chrono::milliseconds mend_interval{500};

/// One line for clients and /readyz; the metric's label beside it.
std::pair<char const*, char const*> texts(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return {"", "none"};
        case Fault::locked: return {"the store is locked by another program", "locked"};
        case Fault::disk_full: return {"the disk of the store is full", "disk_full"};
        case Fault::io: return {"the disk of the store reports errors", "io"};
        case Fault::read_only: return {"the store is read-only", "read_only"};
        case Fault::cannot_open: return {"the store cannot be opened", "cannot_open"};
        case Fault::corrupt: return {"the store's file is damaged", "corrupt"};
        case Fault::out_of_memory: return {"the store is out of memory", "out_of_memory"};
        case Fault::refused_row: return {"the store refuses a row", "refused_row"};
        case Fault::bug: break;
    }
    return {"internal error", "internal"};
}

/// Damage stays, even where other pages can still be used: the operator restores the file and starts again.
bool mends_itself(Fault fault) noexcept {
    return fault != Fault::none && fault != Fault::corrupt;
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
        case SQLITE_LOCKED: return Fault::locked;
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
    return Error(error_code(fault), texts(fault).first, std::move(detail));
}

Condition::Condition(support::Log log, support::Metrics& metrics) : log_(std::move(log)), metrics_(metrics) {}

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
    Fault const before = of(side).load(std::memory_order_relaxed);
    if (!mends_itself(before) || of(side).exchange(Fault::none) == Fault::none) return;
    log_.info("store.recovered", {{"side", side == Side::read ? "read" : "write"}});
}

void Condition::failed(Side side, Fault fault, std::string const& detail) {
    metrics_.counter("mds_sqlite_faults_total", "Failed calls of the embedded store, by kind", {{"kind", texts(fault).second}})
        .Increment();
    if (fault == Fault::bug || fault == Fault::refused_row) {  // says nothing about the store
        log_.error("store.refused", {{"kind", texts(fault).second}, {"detail", detail}});
        return;
    }
    Fault before = Fault::none;
    {
        std::lock_guard const lock(mutex_);
        before = of(side).load();
        if (before != Fault::corrupt) of(side).store(fault);
    }
    changed_.notify_all();
    if (before != fault) log_.error("store.failed", {{"kind", texts(fault).second}, {"detail", detail}});
}

bool Condition::wait_for_fault() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || mends_itself(write_.load()) || mends_itself(read_.load()); });
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

}  // namespace mds::sqlite
