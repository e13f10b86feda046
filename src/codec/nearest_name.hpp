#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mds::codec {

/// The name that was probably meant: fewest edits (insert, remove, change, swap of neighbours), at most a third of the letters.
/// Empty where none is near.
std::string_view nearest_name(std::string_view wrong, std::span<std::string const> names);

}  // namespace mds::codec
