#pragma once

#include "adapters/sqlite/connection.hpp"

namespace mds::sqlite {

/// Brings the schema to the newest version, all steps in one transaction. Throws std::runtime_error where the file is newer than
/// this program, is not ours, or cannot be written.
void migrate(Connection& connection);

/// The version that migrate() leads to.
int newest_schema() noexcept;

}  // namespace mds::sqlite
