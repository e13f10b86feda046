#pragma once

#include "adapters/postgres/connection.hpp"

namespace mds::postgres {

/// Brings the schema to the newest version, all steps in one transaction. Of several processes that start at once, one does it and
/// the others wait for it. Throws StoreAway where the server cannot be used now; std::runtime_error where it refuses us or the
/// schema is newer than this program or not ours.
void migrate(Connection& connection);

/// The version that migrate() leads to.
int newest_schema() noexcept;

}  // namespace mds::postgres
