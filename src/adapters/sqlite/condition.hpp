#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/store_monitor.hpp>

#include "support/log.hpp"
#include "support/metrics.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace mds::sqlite {

/// What an SQLite result code means to us.
enum class Fault { none, locked, disk_full, io, read_only, cannot_open, corrupt, out_of_memory, refused_row, bug };

/// `code`: an extended result code. `system_errno`: of the failed call, 0 where there was none.
Fault classify(int code, int system_errno) noexcept;
/// A caller's view of a fault; `detail` goes to the log alone.
Error to_error(Fault fault, std::string detail);

/// Which side of the store was used.
enum class Side { read, write };

/// How the store was when it was last used. Reads and writes are remembered apart: a full disk can still be read. Any thread.
class Condition final : public StoreMonitor {
public:
    Condition(support::Log log, support::Metrics& metrics);

    Health store_health() const override;
    void worked(Side side) noexcept;
    void failed(Side side, Fault fault, std::string const& detail);

    /// Blocks while there is nothing that a later try may find mended. False: stop() was called.
    bool wait_for_fault();
    /// Sleeps between two tries to write. False: stop() was called.
    bool pause();
    void stop() noexcept;

private:
    std::atomic<Fault>& of(Side side) noexcept { return side == Side::read ? read_ : write_; }

    support::Log log_;
    support::Metrics& metrics_;
    std::atomic<Fault> read_{Fault::none};
    std::atomic<Fault> write_{Fault::none};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ = false;
};

}  // namespace mds::sqlite
