#pragma once

#include <cstddef>

namespace mds::support {

/// Raises this process's soft limit of open files to the hard one. What is in force then; the greatest number where there is no
/// limit.
std::size_t raise_open_file_limit() noexcept;

}  // namespace mds::support
