#pragma once

#include <optional>
#include <string>

namespace mds::app {

/// All of a file, or nothing where it cannot be read.
std::optional<std::string> content_of(std::string const& path);

}  // namespace mds::app
