#include "modules/http/router.hpp"

#include "modules/http/problem.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace mds::http {
namespace {

/// The text in the place of "{...}" (empty where the pattern has none); nullopt: another path.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
    auto const hole = pattern.find('{');
    if (hole == std::string_view::npos) return pattern == path ? std::optional(std::string_view()) : std::nullopt;
    auto const tail = pattern.substr(pattern.find('}') + 1);
    if (path.size() <= hole + tail.size() || path.substr(0, hole) != pattern.substr(0, hole) || !path.ends_with(tail)) return std::nullopt;
    auto const id = path.substr(hole, path.size() - hole - tail.size());
    return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}

void append_once(std::string& list, std::string_view method) {
    if (!list.empty()) list += ", ";
    list += method;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
    switch (method) {
        case Method::get: return "GET";
        case Method::head: return "HEAD";
        case Method::post: return "POST";
        case Method::patch: return "PATCH";
        case Method::del: return "DELETE";
        case Method::options: return "OPTIONS";
        case Method::other: break;
    }
    return "";
}

void Router::add(Method method, std::string path, std::string name, Handler handler) {
    routes_.push_back(Route{method, std::move(path), std::move(name), std::move(handler)});
}

/// A path that is a route's own is no other route's value.
bool Router::fits(Route const& route, std::string_view path) const {
    if (route.path == path) return true;
    return match(route.path, path) && std::ranges::find(routes_, path, &Route::path) == routes_.end();
}

/// Methods of a path for the Allow field; empty: there is no such path.
std::string Router::allowed(std::string_view path) const {
    std::string list;
    for (Route const& route : routes_) {
        if (path != "*" && !fits(route, path)) continue;
        if (path == "*" && list.find(to_string(route.method)) != std::string::npos) continue;
        append_once(list, to_string(route.method));
        if (route.method == Method::get) append_once(list, "HEAD");
    }
    if (!list.empty()) append_once(list, "OPTIONS");
    return list;
}

Awaitable<Reply> Router::route(Request request) const {
    Method const wanted = request.method == Method::head ? Method::get : request.method;
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        if (routes_[i].method != wanted || !fits(routes_[i], request.path)) continue;
        request.in_path = *match(routes_[i].path, request.path);
        Reply reply = co_await routes_[i].handler(std::move(request));
        reply.route = first_route_number + i;
        co_return reply;
    }
    std::string const list = allowed(request.path);
    if (list.empty()) co_return problem(request, 404, "there is no such route; GET / lists them");
    if (request.method == Method::options) {
        Reply reply(204, "", "");
        reply.add("Allow", list);
        co_return reply;
    }
    Reply reply = problem(request, 405, "this route does not have that method");
    reply.add("Allow", list);
    co_return reply;
}

}  // namespace mds::http
