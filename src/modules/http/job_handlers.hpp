#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// The routes under /prices/poll.
void add_job_routes(Router& router, Context const& context);

}  // namespace mds::http
