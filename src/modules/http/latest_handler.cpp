#include "modules/http/latest_handler.hpp"

#include "codec/price_json.hpp"
#include "modules/http/gather.hpp"
#include "modules/http/json_writer.hpp"
#include "modules/http/latest_at_once.hpp"
#include "modules/http/query.hpp"
#include "services/unknown_provider.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace mds::http {
namespace {

constexpr std::size_t max_batch = 250;

struct Wanted {
    std::vector<Symbol> symbols;
    bool batch = false;
    bool full = false;
    std::vector<std::string> providers;
    bool automatic = false;
    std::optional<std::chrono::seconds> max_age;
    OnStale on_stale = OnStale::fetch;

    LatestRequest request_for(Symbol const& symbol) const {
        LatestRequest request(symbol, providers);
        request.automatic = automatic;
        request.max_age = max_age;
        request.on_stale = on_stale;
        return request;
    }
};

void read_batch(Query& query, SymbolCase fold, std::vector<Symbol>& symbols) {
    std::string_view list = *query.find("symbols");
    if (list.empty()) return;
    std::size_t sent = 0;
    for (bool more = true; more;) {
        auto const comma = list.find(',');
        more = comma != std::string_view::npos;
        auto const item = list.substr(0, comma);
        if (more) list.remove_prefix(comma + 1);
        if (++sent > max_batch) continue;
        auto symbol = Symbol::parse(item, fold);
        if (!symbol) {
            query.fault("symbols", "value_error", "'" + std::string(item.substr(0, 64)) + "' in 'symbols' is not a symbol");
        } else if (std::ranges::find(symbols, *symbol) == symbols.end()) {
            symbols.push_back(std::move(*symbol));
        }
    }
    if (sent > max_batch) query.fault("symbols", "too_long", "more than 250 symbols: " + std::to_string(sent));
}

Wanted read(Request const& request, Options const& options, Faults& faults) {
    static constexpr std::array<std::string_view, 6> known{"symbol", "symbols", "provider", "max_age", "on_stale", "detail"};
    static constexpr std::array<std::string_view, 3> on_stale{"fetch", "serve", "error"};
    static constexpr std::array<std::string_view, 1> detail{"full"};
    Wanted wanted;
    Query query(request.query, known, faults);
    wanted.batch = query.has("symbols");
    if (wanted.batch && query.has("symbol")) {
        query.fault("symbols", "value_error", "'symbol' and 'symbols' exclude each other");
    } else if (wanted.batch) {
        read_batch(query, options.symbol_case, wanted.symbols);
    } else {
        query.require("symbol");
        if (auto symbol = query.symbol("symbol", options.symbol_case)) wanted.symbols.push_back(std::move(*symbol));
    }
    if (auto const age = query.integer("max_age", 0, 1'000'000'000)) wanted.max_age = std::chrono::seconds(*age);
    if (auto const choice = query.choice("on_stale", on_stale)) wanted.on_stale = static_cast<OnStale>(*choice);
    wanted.full = query.choice("detail", detail).has_value();
    std::string const* const provider = query.find("provider");
    wanted.automatic = provider != nullptr && *provider == "auto";
    if (wanted.automatic && !options.failover.empty()) {
        wanted.providers = options.failover;
    } else {
        wanted.providers = {provider != nullptr && !wanted.automatic ? *provider : options.default_provider};
    }
    return wanted;
}

/// The four keys, and with detail=full what otherwise stands in headers.
void append_price(std::string& out, LatestAnswer const& answer, bool full) {
    codec::append_latest_body(out, answer.point);
    if (!full) return;
    out.pop_back();
    out += ',';
    PricePoint const& point = answer.point;
    std::string facts;
    JsonWriter json(facts);
    json.begin_object().key("fetched_at").string(format_rfc3339(point.fetched_at)).key("age_ms").integer(answer.age.count());
    json.key("stale").boolean(answer.stale).key("source").string(to_string(answer.source));
    json.key("point_id").string(point.id.to_string()).key("raw_response_id").string(point.raw_id.to_string());
    json.key("seq").integer(point.seq);
    if (!point.currency.empty()) json.key("currency").string(point.currency);
    json.key("fallback").begin_array();
    for (Fallback const& passed : answer.fallback) {
        json.begin_object().key("provider").string(passed.provider).key("outcome").string(to_string(passed.outcome)).end_object();
    }
    json.end_array().end_object();
    out.append(facts, 1);
}

/// Who was asked first, and what came of it.
std::string listed(std::vector<Fallback> const& fallback) {
    std::string text;
    for (Fallback const& passed : fallback) {
        text += (text.empty() ? "" : ", ") + passed.provider + "=" + std::string(to_string(passed.outcome));
    }
    return text;
}

Reply one_reply(Request const& request, LatestAnswer const& answer, bool full) {
    Reply reply;
    reply.add("Cache-Control", "no-cache");
    reply.add("X-Price-Source", to_string(answer.source));
    reply.add("Age", std::to_string(answer.age.count() / 1000));
    if (answer.stale) reply.add("X-Price-Stale", "true");
    if (!answer.fallback.empty()) reply.add("X-Price-Fallback", listed(answer.fallback));
    if (!full) {
        std::string etag;
        append_etag(etag, answer.point.id);
        reply.add("ETag", etag);
        if (etag_matches(request.if_none_match, etag)) reply.status = 304;
    }
    append_price(reply.body, answer, full);
    return reply;
}

Reply batch_reply(Context const& context, Request const& request, Wanted const& wanted, std::vector<Result<LatestAnswer>> const& answers) {
    std::string prices;
    std::string errors;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        std::string& part = answers[i] ? prices : errors;
        if (!part.empty()) part += ',';
        append_json_string(part, wanted.symbols[i].str());
        part += ':';
        if (answers[i]) append_price(part, *answers[i], wanted.full);
        else part += context.failure(request, answers[i].error()).body;
    }
    Reply reply;
    reply.add("Cache-Control", "no-cache");
    reply.body = "{\"prices\":{" + prices + "},\"errors\":{" + errors + "}}";
    return reply;
}

Awaitable<Reply> answer(Context const& context, Request request) {
    Faults faults;
    Wanted const wanted = read(request, context.options, faults);
    if (!faults.empty()) co_return unprocessable(request, faults);
    for (std::string const& name : wanted.providers) {
        if (context.deps.providers.find(name) == nullptr) co_return context.failure(request, unknown_provider(name, context.deps.providers));
    }
    if (!wanted.batch) {
        auto const result = co_await context.deps.latest.get(wanted.request_for(wanted.symbols.front()));
        if (!result) co_return context.failure(request, result.error());
        co_return one_reply(request, *result, wanted.full);
    }
    std::vector<Task<LatestAnswer>> tasks;
    for (Symbol const& symbol : wanted.symbols) tasks.push_back(context.deps.latest.get(wanted.request_for(symbol)));
    auto const answers = co_await gather(std::move(tasks));
    co_return batch_reply(context, request, wanted, answers);
}

}  // namespace

void add_latest_route(Router& router, Context const& context) {
    router.add(Method::get, "/prices/latest", "latest", [&context](Request request) { return answer(context, std::move(request)); });
}

}  // namespace mds::http
