#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/store_monitor.hpp>

#include "support/fault_memory.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <string>

namespace mds::sqlite {

/// What an SQLite result code means to us.
enum class Fault { none, locked, disk_full, io, read_only, cannot_open, corrupt, out_of_memory, refused_row, bug };

/// `code`: an extended result code. `system_errno`: of the failed call, 0 where there was none.
Fault classify(int code, int system_errno) noexcept;
/// A caller's view of a fault; `detail` goes to the log alone.
Error to_error(Fault fault, std::string detail);

using support::Side;

/// How the store was when it was last used. Any thread.
class Condition final : public StoreMonitor, public support::FaultMemory {
public:
    Condition(support::Log log, support::Metrics& metrics);

    Health store_health() const override;
    void failed(Side side, Fault fault, std::string const& detail);
};

}  // namespace mds::sqlite
