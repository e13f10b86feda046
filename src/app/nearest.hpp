#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mds::app {

/// The candidate that somebody who wrote `wrong` probably meant: the fewest insertions, deletions, replacements and swaps of
/// neighbours (optimal string alignment distance), at most a third of the length. None where nothing is near.
std::optional<std::string> nearest(std::string_view wrong, std::vector<std::string> const& candidates);

}  // namespace mds::app
