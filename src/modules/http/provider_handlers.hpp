#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// The routes under /providers.
void add_provider_routes(Router& router, Context const& context);

}  // namespace mds::http
