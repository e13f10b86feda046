#include "modules/http/options.hpp"

#include <algorithm>

namespace mds::http {
namespace {

/// Measured with every module on: about 60 on two cores with SQLite.
constexpr std::size_t of_everybody_else = 128;
/// However few there are, some connections are taken; accepting pauses where the files run out.
constexpr std::size_t least_connections = 16;

}  // namespace

std::size_t connections_within(std::size_t open_files, std::size_t wanted) noexcept {
    std::size_t const usable = open_files - open_files / 20;
    return std::min(wanted, usable > of_everybody_else + least_connections ? usable - of_everybody_else : least_connections);
}

std::size_t open_files_for(std::size_t wanted) noexcept {
    return (wanted + of_everybody_else) * 20 / 19 + 1;
}

}  // namespace mds::http
