#pragma once

#include <mds/domain/observation.hpp>

#include "adapters/postgres/connection.hpp"

#include <optional>
#include <span>
#include <vector>

namespace mds::postgres {

/// In a transaction, which may be queued still: holds the leases that ticks of the observations name until its end, so that nobody
/// takes them over meanwhile. Where one is in another term already, the tick is another poller's: then the observations without
/// such ticks.
Result<std::optional<std::vector<Observation>>> without_lost_ticks(Connection& connection,
                                                                   std::span<Observation const> observations);

}  // namespace mds::postgres
