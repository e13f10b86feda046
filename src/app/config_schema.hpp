#pragma once

#include "app/config_fields.hpp"

#include <vector>

namespace mds::app {

/// The table of all keys, section by section.
Fields<Config> config_fields();

/// One row per key, in the order of the table.
std::vector<ConfigKey> config_reference();

}  // namespace mds::app
