#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// GET /prices/history
void add_history_route(Router& router, Context const& context);

}  // namespace mds::http
