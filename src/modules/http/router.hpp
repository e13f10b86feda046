#pragma once

#include <mds/ports/task.hpp>

#include "modules/http/reply.hpp"
#include "modules/http/request.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mds::http {

using Handler = std::function<Awaitable<Reply>(Request)>;

/// Method and path -> handler. Answers HEAD where there is a GET, OPTIONS, 404 and 405 by itself. Immutable once served from.
class Router {
public:
    /// `path` may have one segment "{...}"; one without goes before it where both fit. `name` is for the counters.
    void add(Method method, std::string path, std::string name, Handler handler);
    Awaitable<Reply> route(Request request) const;

    struct Route {
        Method method;
        std::string path;
        std::string name;
        Handler handler;
    };
    std::vector<Route> const& routes() const noexcept { return routes_; }
    /// What route() sets Reply::route to for the first route; lower numbers are the caller's.
    static constexpr std::size_t first_route_number = 2;

private:
    bool fits(Route const& route, std::string_view path) const;
    std::string allowed(std::string_view path) const;
    std::vector<Route> routes_;
};

std::string_view to_string(Method method) noexcept;

}  // namespace mds::http
