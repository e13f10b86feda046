#pragma once

#include <string>
#include <string_view>

namespace mds::app {

std::string_view version() noexcept;
/// The version and those of the libraries in use, one per line.
std::string version_report();

}  // namespace mds::app
