#pragma once

#include "adapters/sqlite/checkpoints.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/series_table.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mds::sqlite {

/// One writer at a time, first come first served: SQLite's own waiting sleeps blindly, and a mutex would let a busy ingest starve a
/// client's POST.
class WriteGate {
public:
    void lock();
    void unlock();

private:
    std::mutex mutex_;
    std::condition_variable next_;
    std::uint64_t issued_ = 0;
    std::uint64_t serving_ = 0;
};

/// The connection that everything is written through.
struct WriteSide {
    WriteGate gate;
    Connection connection;
    SeriesTable series;
    Checkpoints checkpoints;

    WriteSide(ConnectionOptions const& options, int checkpoint_pages, Condition& condition, support::Metrics& metrics);
};

/// Holds the gate from BEGIN to COMMIT.
class WriteTransaction {
public:
    explicit WriteTransaction(WriteSide& side) : side_(side), pass_(side.gate), transaction_(side.connection) {}
    ~WriteTransaction();
    WriteTransaction(WriteTransaction const&) = delete;
    WriteTransaction& operator=(WriteTransaction const&) = delete;

    Result<void> commit();

private:
    WriteSide& side_;
    std::unique_lock<WriteGate> pass_;
    Transaction transaction_;
    bool committed_ = false;
};

}  // namespace mds::sqlite
