#pragma once

#include "modules/http/context.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// /, /health, /healthz, /readyz, /metrics and /openapi.json. They ignore query parameters, as probes and scrapers expect.
void add_meta_routes(Router& router, Context const& context);

}  // namespace mds::http
