#pragma once

#include <mds/domain/error.hpp>
#include <mds/ports/provider.hpp>

#include <string_view>

namespace mds {

/// invalid_argument, with the names that there are. For the HTTP module this is a 400.
Error unknown_provider(std::string_view name, ProviderDirectory const& providers);

}  // namespace mds
