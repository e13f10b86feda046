#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// GET /prices/latest, the long way: store or provider may be asked.
void add_latest_route(Router& router, Context const& context);

}  // namespace mds::http
