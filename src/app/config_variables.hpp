#pragma once

#include "app/config_load.hpp"

namespace mds::app {

/// Replaces ${NAME} in every string below `value`, and notes in `reading` which paths were touched or miss their variable.
void substitute_variables(json::value& value, std::string const& path, Environment const& environment, Reading& reading);

}  // namespace mds::app
