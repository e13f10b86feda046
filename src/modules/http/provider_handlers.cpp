#include "modules/http/provider_handlers.hpp"

#include "modules/http/body_fields.hpp"
#include "modules/http/provider_json.hpp"
#include "modules/http/query.hpp"

#include <array>
#include <string>
#include <utility>

namespace mds::http {
namespace {

using codec::Json;

/// The routes here take no query parameter.
Faults query_faults(Request const& request) {
    Faults faults;
    Query const query(request.query, {}, faults);
    return faults;
}

Awaitable<Reply> list(Context const& context, Request request) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    Reply reply;
    reply.body = "{\"providers\":[";
    for (auto const& name : context.deps.providers.names()) {
        if (reply.body.back() != '[') reply.body += ',';
        append_provider(reply.body, context.deps.providers.find(name)->traits());
    }
    reply.body += "]}";
    co_return reply;
}

Awaitable<Reply> show(Context const& context, Request request) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto const status = co_await context.deps.desk.look(request.in_path);
    if (!status) co_return context.failure(request, status.error());
    Reply reply;
    append_status(reply.body, *status);
    co_return reply;
}

/// Their values are quoted in no fault.
void read_keys(Fields& fields, TrialQuestion& question) {
    Json const* const keys = fields.find("keys");
    if (keys == nullptr) return;
    if (!keys->is_object()) return fields.fault({"keys"}, "dict_type", "'keys' is an object: variables and their values", nullptr);
    if (!question.provider.empty()) fields.fault({"keys"}, "value_error", "'keys' is for a definition: a known provider has its own", nullptr);
    for (std::size_t i = 0; i < keys->keys().size(); ++i) {
        auto const& value = keys->items()[i];
        if (value.is_string()) question.keys.emplace_back(keys->keys()[i], value.text());
        else fields.fault({"keys", keys->keys()[i]}, "string_type", "a key is a string", nullptr);
    }
}

BodyOr<TrialQuestion> read_question(Request const& request, Options const& options) {
    static constexpr std::array<std::string_view, 3> known{"provider", "symbol", "keys"};
    auto object = read_object(request);
    if (auto* const refused = std::get_if<Reply>(&object)) return std::move(*refused);
    Fields fields(std::get<Json>(object), known);
    TrialQuestion question;
    Json const* const provider = fields.find("provider");
    if (provider == nullptr) fields.missing("provider");
    else if (provider->is_object()) question.definition = provider->to_string();
    else if (!provider->is_string()) fields.fault({"provider"}, "string_type", "'provider' is a name or a whole definition", provider);
    else if (provider->text().empty()) fields.fault({"provider"}, "string_too_short", "a provider's name is empty", provider);
    else question.provider = provider->text();
    Json const* const symbol = fields.find("symbol");
    if (symbol == nullptr) fields.missing("symbol");
    else read_symbol(fields, {"symbol"}, *symbol, options.symbol_case, question.symbols);
    read_keys(fields, question);
    if (!fields.faults.empty()) return unprocessable(request, fields.faults);
    return question;
}

/// What is wrong with a definition, or with whom it leads to.
Reply refusal(Request const& request, std::vector<TrialProblem> const& problems) {
    Faults faults;
    for (auto const& problem : problems) {
        std::vector<std::string> where{"body", "provider"};
        if (!problem.path.empty()) where.push_back(problem.path);
        auto const subject = problem.path.empty() ? std::string("the definition") : "'" + problem.path + "'";
        faults.push_back(Fault("value_error", std::move(where), subject + " " + problem.message));
    }
    return unprocessable(request, faults);
}

Awaitable<Reply> try_out(Context const& context, Request request) {
    if (!context.options.provider_trials) {
        co_return problem(request, 404, "this route is off; the setting providers.test_route turns it on");
    }
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto question = read_question(request, context.options);
    if (auto* const refused = std::get_if<Reply>(&question)) co_return std::move(*refused);
    auto result = co_await context.deps.desk.try_out(std::move(std::get<TrialQuestion>(question)));
    if (!result) co_return context.failure(request, result.error());
    if (!result->problems.empty()) co_return refusal(request, result->problems);
    Reply reply;
    reply.body = std::move(result->report);
    co_return reply;
}

}  // namespace

void add_provider_routes(Router& router, Context const& context) {
    router.add(Method::get, "/providers", "provider_list", [&context](Request request) { return list(context, std::move(request)); });
    router.add(Method::get, "/providers/{name}", "provider", [&context](Request request) { return show(context, std::move(request)); });
    router.add(Method::post, "/providers/test", "provider_test",
               [&context](Request request) { return try_out(context, std::move(request)); });
}

}  // namespace mds::http
