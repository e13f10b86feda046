#include "modules/http/meta_handlers.hpp"

#include "modules/http/json_writer.hpp"
#include "modules/http/query.hpp"

#include <embedded/openapi.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace mds::http {
namespace {

using Checks = std::vector<std::pair<std::string, Health>>;

bool all_ready(Checks const& checks) {
    return std::ranges::all_of(checks, [](auto const& check) { return check.second.ready; });
}

Reply health(Context const& context) {
    Checks const checks = context.deps.health();
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("status").string(all_ready(checks) ? "ok" : "degraded").key("checks").begin_object();
    for (auto const& [name, state] : checks) {
        json.key(name).begin_object().key("status").string(state.ready ? "ok" : "degraded");
        if (!state.reason.empty()) json.key("reason").string(state.reason);
        json.end_object();
    }
    json.end_object().end_object();
    return Reply(200, json_type, std::move(body));
}

/// One line per check, in the form of Kubernetes' own /readyz.
Reply ready(Context const& context) {
    Checks const checks = context.deps.health();
    bool const ready = all_ready(checks);
    std::string body;
    for (auto const& [name, state] : checks) {
        body += (state.ready ? "[+]" : "[-]") + name + (state.ready ? " ok" : " not ready");
        if (!state.reason.empty()) body += ": " + state.reason;
        body += '\n';
    }
    body += ready ? "ready\n" : "not ready\n";
    Reply reply(ready ? 200 : 503, "text/plain; charset=utf-8", std::move(body));
    if (!ready) reply.add("Retry-After", "1");
    return reply;
}

Reply index(Context const& context, Router const& router) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("service").string("mds").key("version").string(context.options.version).key("routes").begin_array();
    for (Router::Route const& route : router.routes()) {
        json.begin_object().key("method").string(to_string(route.method)).key("path").string(route.path).end_object();
    }
    json.end_array().end_object();
    return Reply(200, json_type, std::move(body));
}

Awaitable<Reply> at_once(Reply reply) { co_return reply; }

/// A route without parameters, as all here are.
template <class Render>
void add(Router& router, std::string path, std::string name, Render render) {
    router.add(Method::get, std::move(path), std::move(name), [render = std::move(render)](Request request) {
        Faults faults;
        Query const query(request.query, {}, faults);
        return at_once(faults.empty() ? render() : unprocessable(request, faults));
    });
}

}  // namespace

void add_meta_routes(Router& router, Context const& context) {
    add(router, "/", "index", [&context, &router] { return index(context, router); });
    add(router, "/health", "health", [&context] { return health(context); });
    add(router, "/healthz", "healthz", [] { return Reply(200, json_type, "{\"status\":\"ok\"}"); });
    add(router, "/readyz", "readyz", [&context] { return ready(context); });
    add(router, "/metrics", "metrics",
        [&context] { return Reply(200, "text/plain; version=0.0.4; charset=utf-8", context.deps.metrics.render()); });
    add(router, "/openapi.json", "openapi", [] { return Reply(200, json_type, std::string(embedded::openapi.front().second)); });
}

}  // namespace mds::http
