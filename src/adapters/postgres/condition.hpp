#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/store_monitor.hpp>

#include "support/fault_memory.hpp"
#include "support/log.hpp"
#include "support/metrics.hpp"

#include <string>
#include <string_view>

namespace mds::postgres {

/// What a failure means to us.
enum class Fault {
    none,
    away,       ///< no connection, or it was lost: restart, failover, network
    no_answer,  ///< a time-out, of the server's or of ours
    busy,       ///< deadlock, serialization failure, lock not to be had
    read_only,
    too_many_connections,
    disk_full,
    resources,  ///< out of memory or of some other limit
    denied,     ///< password, rights, no such database: needs an operator, but may be mended without a restart of ours
    damaged,
    refused_row,
    repeated_row,  ///< a unique index holds it already; refused_row to whoever does not expect it
    bug,
};

/// By SQLSTATE (PostgreSQL manual, appendix A). Empty: the connection is gone.
Fault classify(std::string_view sqlstate) noexcept;
/// A caller's view of a fault; `detail` goes to the log alone.
Error to_error(Fault fault, std::string detail);

using support::Side;

/// How the store was when it was last used. Any thread.
class Condition final : public StoreMonitor, public support::FaultMemory {
public:
    Condition(support::Log log, support::Metrics& metrics);

    Health store_health() const override;
    void failed(Side side, Fault fault, std::string const& detail);
    void connected() noexcept { connects_.Increment(); }

private:
    prometheus::Counter& connects_;
};

}  // namespace mds::postgres
