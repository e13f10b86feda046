#include "modules/http/job_handlers.hpp"

#include "modules/http/job_body.hpp"
#include "modules/http/job_json.hpp"
#include "modules/http/json_writer.hpp"
#include "modules/http/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace mds::http {
namespace {

constexpr std::int64_t default_limit = 100;
constexpr std::int64_t max_limit = 1000;

/// The routes below take no query parameter.
Faults query_faults(Request const& request) {
    Faults faults;
    Query const query(request.query, {}, faults);
    return faults;
}

Faults key_faults(Request const& request) {
    if (!request.has_idempotency_key) return {};
    std::string const& key = request.idempotency_key;
    bool const ascii = std::ranges::all_of(key, [](char c) { return c >= 0x20 && c < 0x7f; });
    if (!key.empty() && key.size() <= 255 && ascii) return {};
    std::string input;
    append_json_string(input, key);
    return {Fault("value_error", {"header", "Idempotency-Key"}, "Idempotency-Key is 1-255 printable ASCII characters", input)};
}

Awaitable<Reply> create(Context const& context, Request request) {
    Faults faults = query_faults(request);
    std::ranges::move(key_faults(request), std::back_inserter(faults));
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto body = read_job(request, context.options);
    if (auto* const refused = std::get_if<Reply>(&body)) co_return std::move(*refused);
    std::optional<JobService::Key> key;
    if (request.has_idempotency_key) key = JobService::Key{request.idempotency_key, sha256_hex(request.body)};
    std::function<std::string(Job const&)> render(accepted_body);
    auto result = co_await context.deps.jobs.create(std::move(std::get<JobConfig>(body)), std::move(key), std::move(render));
    if (!result) co_return context.failure(request, result.error());
    Reply reply(202, json_type, std::move(result->body));
    reply.add("Location", "/prices/poll/" + result->job_id);
    co_return reply;
}

/// A filter of the list, and its part of the page token's scope.
JobFilter read_filter(Query& query, Context const& context, std::string& scope) {
    static constexpr std::array<std::string_view, 4> statuses{"accepted", "active", "paused", "cancelled"};
    JobFilter filter;
    scope = "jobs";
    if (auto const status = query.choice("status", statuses)) filter.status = parse_job_status(statuses[*status]);
    if (auto symbol = query.symbol("symbol", context.options.symbol_case)) filter.symbol = std::move(*symbol);
    if (auto const* const provider = query.find("provider"); provider != nullptr && !provider->empty()) {
        auto const* const known = context.deps.providers.find(*provider);
        filter.provider = known != nullptr ? known->traits().name : *provider;
    }
    scope += '\n' + std::string(filter.status ? to_string(*filter.status) : "-") + '\n' + (filter.symbol ? filter.symbol->str() : "") + '\n' +
             filter.provider.value_or("");
    filter.limit = static_cast<std::size_t>(query.integer("limit", 1, max_limit).value_or(default_limit));
    return filter;
}

/// "microseconds,id": where the page before ended.
std::optional<std::pair<UtcTime, std::string>> parse_position(std::string_view text) {
    std::int64_t micros = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), micros);
    if (error != std::errc() || end == text.data() + text.size() || *end != ',') return std::nullopt;
    return std::pair(UtcTime(std::chrono::microseconds(micros)), std::string(end + 1, text.data() + text.size()));
}

Awaitable<Reply> list(Context const& context, Request request) {
    static constexpr std::array<std::string_view, 5> known{"status", "symbol", "provider", "limit", "page_token"};
    Faults faults;
    Query query(request.query, known, faults);
    std::string scope;
    JobFilter filter = read_filter(query, context, scope);
    if (auto const* const token = query.find("page_token"); token != nullptr && !token->empty()) {
        if (auto const position = context.tokens.read(scope, *token)) filter.cursor = parse_position(*position);
        if (!filter.cursor) query.fault("page_token", "value_error", "'page_token' was altered or belongs to other filters");
    }
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto const page = co_await context.deps.jobs.list(std::move(filter));
    if (!page) co_return context.failure(request, page.error());
    Reply reply;
    reply.body = "{\"jobs\":[";
    for (JobView const& view : page->jobs) {
        if (&view != &page->jobs.front()) reply.body += ',';
        append_job(reply.body, view);
    }
    reply.body += "],\"next_page_token\":";
    if (page->more && !page->jobs.empty()) {
        Job const& last = page->jobs.back().job;
        append_json_string(reply.body, context.tokens.make(scope, std::to_string(last.created_at.time_since_epoch().count()) + ',' + last.id));
    } else {
        reply.body += "null";
    }
    reply.body += '}';
    co_return reply;
}

Reply job_reply(JobView const& view) {
    Reply reply;
    append_job(reply.body, view);
    return reply;
}

Awaitable<Reply> show(Context const& context, Request request) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto const view = co_await context.deps.jobs.find(request.in_path);
    if (!view) co_return context.failure(request, view.error());
    co_return job_reply(*view);
}

Awaitable<Reply> change(Context const& context, Request request, JobChange change) {
    auto const view = co_await context.deps.jobs.change(request.in_path, std::move(change));
    if (!view) co_return context.failure(request, view.error());
    co_return job_reply(*view);
}

Awaitable<Reply> patch(Context const& context, Request request) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto body = read_patch(request, context.options);
    if (auto* const refused = std::get_if<Reply>(&body)) co_return std::move(*refused);
    JobChange wanted(std::move(std::get<JobPatch>(body)));
    co_return co_await change(context, std::move(request), std::move(wanted));
}

Awaitable<Reply> act(Context const& context, Request request, JobChange wanted) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    auto refused = refuse_body(request);
    if (refused) co_return std::move(*refused);
    co_return co_await change(context, std::move(request), std::move(wanted));
}

Awaitable<Reply> cancel(Context const& context, Request request) {
    Faults const faults = query_faults(request);
    if (!faults.empty()) co_return unprocessable(request, faults);
    JobChange wanted(std::in_place_type<JobCancel>);
    auto const view = co_await context.deps.jobs.change(request.in_path, std::move(wanted));
    if (!view) co_return context.failure(request, view.error());
    Reply reply;
    JsonWriter json(reply.body);
    json.begin_object().key("job_id").string(view->job.id).key("status").string("cancelled").end_object();
    co_return reply;
}

template <class Change>
Handler action(Context const& context) {
    return [&context](Request request) { return act(context, std::move(request), JobChange(Change())); };
}

}  // namespace

void add_job_routes(Router& router, Context const& context) {
    auto const one = std::string("/prices/poll/{job_id}");
    router.add(Method::post, "/prices/poll", "job_create", [&context](Request request) { return create(context, std::move(request)); });
    router.add(Method::get, "/prices/poll", "job_list", [&context](Request request) { return list(context, std::move(request)); });
    router.add(Method::get, one, "job", [&context](Request request) { return show(context, std::move(request)); });
    router.add(Method::patch, one, "job_change", [&context](Request request) { return patch(context, std::move(request)); });
    router.add(Method::del, one, "job_cancel", [&context](Request request) { return cancel(context, std::move(request)); });
    router.add(Method::post, one + "/pause", "job_pause", action<JobPause>(context));
    router.add(Method::post, one + "/resume", "job_resume", action<JobResume>(context));
    router.add(Method::post, one + "/run", "job_run", action<JobRun>(context));
}

}  // namespace mds::http
