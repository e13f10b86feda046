#include "modules/http/api.hpp"

#include "modules/http/history_handler.hpp"
#include "modules/http/job_handlers.hpp"
#include "modules/http/latest_handler.hpp"
#include "modules/http/meta_handlers.hpp"
#include "modules/http/moving_average_handler.hpp"
#include "modules/http/provider_handlers.hpp"

#include <utility>

namespace mds::http {

Api::Api(Options const& options, Dependencies const& dependencies)
    : context_(options, dependencies), latest_(dependencies.cache, options) {
    add_latest_route(router_, context_);
    add_job_routes(router_, context_);
    add_moving_average_route(router_, context_);
    add_history_route(router_, context_);
    add_provider_routes(router_, context_);
    add_meta_routes(router_, context_);
}

int Api::answer_at_once(RequestView const& request, Frame const& frame, std::string& out) const {
    return latest_.answer(request, frame, out);
}

Awaitable<Reply> Api::answer(Request request) const { return router_.route(std::move(request)); }

std::vector<std::string> Api::route_names() const {
    std::vector<std::string> names{"none", "latest_memory"};
    for (Router::Route const& route : router_.routes()) names.push_back(route.name);
    return names;
}

}  // namespace mds::http
