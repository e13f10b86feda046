#pragma once

#include "services/provider_desk.hpp"

#include <string>

namespace mds::http {

/// An entry of GET /providers.
void append_provider(std::string& out, ProviderTraits const& traits);
/// GET /providers/{name}
void append_status(std::string& out, ProviderStatus const& status);

}  // namespace mds::http
