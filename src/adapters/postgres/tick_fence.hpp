#pragma once

#include <mds/domain/observation.hpp>

#include "adapters/postgres/connection.hpp"

#include <deque>
#include <vector>

namespace mds::postgres {

/// Both in a transaction, which may be queued still: holds the leases that ticks of the observations name until its end, so that
/// nobody takes them over meanwhile. Where one is in another term already, the tick is another poller's: such an observation's
/// place is taken by a copy without the tick, and the copies are returned.
Result<std::deque<Observation>> without_lost_ticks(Connection& connection, std::vector<Observation const*>& observations);
/// Where one is in another term already, its range is another poller's to tell of: the ranges without those.
Result<std::vector<MissedRange>> without_lost_ranges(Connection& connection, std::vector<MissedRange> ranges);

}  // namespace mds::postgres
