#pragma once

#include "modules/http/context.hpp"
#include "modules/http/latest_at_once.hpp"
#include "modules/http/request_handler.hpp"
#include "modules/http/router.hpp"

namespace mds::http {

/// All routes of the REST API.
class Api final : public RequestHandler {
public:
    /// Both outlive it.
    Api(Options const& options, Dependencies const& dependencies);

    int answer_at_once(RequestView const& request, Frame const& frame, std::string& out) const override;
    Awaitable<Reply> answer(Request request) const override;
    std::vector<std::string> route_names() const override;
    Router const& router() const noexcept { return router_; }

private:
    Context context_;
    LatestAtOnce latest_;
    Router router_;
};

}  // namespace mds::http
