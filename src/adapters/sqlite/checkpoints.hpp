#pragma once

#include "adapters/sqlite/connection.hpp"
#include "support/metrics.hpp"

namespace mds::sqlite {

/// Keeps the write-ahead log small. Of the write connection, after its commits.
///
/// A passive checkpoint moves what it can and waits for nobody; the log starts anew only when no reader still needs it. Under readers
/// that always overlap that moment never comes, so above a size the writer waits for it, shortly: readers that begin meanwhile find
/// all of the log in the file and do not need it (SQLite's documentation, "Write-Ahead Logging", 6: avoiding excessively large WAL files).
class Checkpoints {
public:
    /// `pages`: of 4 KiB, that the log may hold before they are moved into the file.
    Checkpoints(Connection& connection, int pages, support::Metrics& metrics);
    ~Checkpoints();
    Checkpoints(Checkpoints const&) = delete;
    Checkpoints& operator=(Checkpoints const&) = delete;

    /// After a commit, outside of every transaction. Its faults cost nothing but time: the next commit meets them as well.
    void run();

private:
    void passive();
    void restart();

    Connection& connection_;
    int const pages_;
    int in_log_ = 0;    ///< pages, as the last commit left them
    int next_restart_;  ///< one that failed is not tried again before the log has grown by as much
    prometheus::Gauge& size_;
    prometheus::Counter& restarts_;
    prometheus::Counter& failures_;
};

}  // namespace mds::sqlite
