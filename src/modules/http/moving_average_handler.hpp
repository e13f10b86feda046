#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// GET /prices/moving-average
void add_moving_average_route(Router& router, Context const& context);

}  // namespace mds::http
