#include "adapters/sqlite/checkpoints.hpp"

#include <sqlite3.h>

namespace mds::sqlite {
namespace {

constexpr int restart_at = 8;  ///< times the pages of a passive one
constexpr int patience_ms = 100;
constexpr double page_bytes = 4096 + 24;  // with the frame's header

}  // namespace

Checkpoints::Checkpoints(Connection& connection, int pages, support::Metrics& metrics)
    : connection_(connection),
      pages_(pages),
      next_restart_(pages * restart_at),
      size_(metrics.gauge("mds_sqlite_wal_bytes", "Size of the write-ahead log after the last commit")),
      restarts_(metrics.counter("mds_sqlite_wal_restarts_total", "Times the writer waited for readers to start the log anew")),
      failures_(metrics.counter("mds_sqlite_wal_restart_failures_total", "Such waits that were given up")) {
    // Takes the place of SQLite's own automatic checkpoint, which is such a hook as well.
    auto const committed = [](void* self, sqlite3*, char const*, int in_log) {
        static_cast<Checkpoints*>(self)->in_log_ = in_log;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(connection.handle(), committed, this);
    passive();  // what the migrations or a process that was killed left
}

Checkpoints::~Checkpoints() { sqlite3_wal_hook(connection_.handle(), nullptr, nullptr); }

void Checkpoints::run() {
    size_.Set(in_log_ * page_bytes);
    if (in_log_ < pages_) {
        next_restart_ = pages_ * restart_at;
    } else if (in_log_ < next_restart_) {
        passive();
    } else {
        restart();
    }
}

void Checkpoints::passive() { sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr); }

void Checkpoints::restart() {
    auto* const db = connection_.handle();
    sqlite3_busy_timeout(db, patience_ms);
    int const code = sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    sqlite3_busy_timeout(db, connection_.busy_ms());
    restarts_.Increment();
    if (code == SQLITE_OK) return;
    failures_.Increment();
    next_restart_ = in_log_ + pages_ * restart_at;
}

}  // namespace mds::sqlite
