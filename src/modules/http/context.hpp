#pragma once

#include "modules/http/dependencies.hpp"
#include "modules/http/options.hpp"
#include "modules/http/page_token.hpp"
#include "modules/http/problem.hpp"

#include <string>
#include <string_view>

namespace mds::http {

/// What every handler has at hand. Lives as long as the module.
struct Context {
    Options const& options;
    Dependencies const& deps;
    PageTokens tokens;

    Context(Options const& o, Dependencies const& d) : options(o), deps(d), tokens(o.page_token_key) {}

    /// A service's error as an answer; a fault of ours is logged with the request's id.
    Reply failure(Request const& request, Error const& error) const {
        if (error.code == ErrorCode::internal) {
            deps.log.error("http.internal_error", {{"request_id", request.id}, {"path", request.path}, {"error", error.message}, {"detail", error.detail}});
        } else if (!error.detail.empty()) {
            deps.log.debug("http.error", {{"request_id", request.id}, {"path", request.path}, {"error", error.message}, {"detail", error.detail}});
        }
        return problem(request, error);
    }
};

}  // namespace mds::http
