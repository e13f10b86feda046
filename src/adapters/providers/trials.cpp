#include <adapters/providers/trials.hpp>

#include <codec/json_document.hpp>
#include <codec/provider_report.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

constexpr std::string_view name_of_definition = "trial";

/// Their time is not bounded by the length of what they look at, and whoever sends one is not the operator.
bool has_expression(codec::Json const& json) {
    for (std::size_t i = 0; i < json.items().size(); ++i) {
        if (json.is_object()) {
            auto const& key = json.keys()[i];
            if (key == "request") continue;  // names of the provider's own
            if (key == "matches" || key == "body_matches") return true;
        }
        if (has_expression(json.items()[i])) return true;
    }
    return false;
}

/// The definition as an entry, with the keys that came with it.
std::optional<codec::ProviderEntry> read(TrialQuestion const& question, std::vector<TrialProblem>& problems) {
    auto const definition = codec::Json::parse(question.definition);
    if (!definition || !definition->is_object()) {
        problems.push_back({"", "is no JSON object"});
        return std::nullopt;
    }
    if (has_expression(*definition)) {
        problems.push_back({"", "has a regular expression, which is not taken from a request: use contains, or mds provider test"});
        return std::nullopt;
    }
    auto const keys = [&question](std::string const& variable) {
        auto const given = std::ranges::find(question.keys, variable, &std::pair<std::string, std::string>::first);
        return given == question.keys.end() ? std::nullopt : std::optional(given->second);
    };
    auto const name = std::string(name_of_definition);
    codec::CatalogueText const text{name, R"({"providers":{")" + name + "\":" + question.definition + "}}"};
    auto read = codec::read_catalogue(std::span(&text, 1), keys);
    if (!read) {
        auto const inside = "providers." + name + ".";
        for (auto& problem : read.error()) {
            auto const path = problem.path.starts_with(inside) ? problem.path.substr(inside.size()) : std::string();
            problems.push_back({path, std::move(problem.message)});
        }
        return std::nullopt;
    }
    auto& entry = read->providers.front();
    if (auto const variable = entry.missing_secret(); !variable.empty()) {
        problems.push_back({"secrets", "needs " + variable + ": give its value in keys"});
        return std::nullopt;
    }
    return std::move(entry);
}

void report(TrialAnswer& out, std::string_view name, codec::ProviderEntry const* entry) {
    codec::append_trial(out.report, name, entry, {out.answer.answer, out.answer.results, out.answer.duration});
}

/// True: it was kept from asking, and the answer says so.
bool was_refused(std::shared_ptr<AddressGuard> const& guard, TrialAnswer& out) {
    if (!guard || !guard->refused) return false;
    out.problems.push_back({"base_url", "leads to an address that is not public, and providers.test_private_addresses is off"});
    return true;
}

}  // namespace

Task<TrialAnswer> Trials::ask(TrialQuestion question) {
    if (place_.use_count() > options_.at_once) {
        Error busy(ErrorCode::unavailable, "too many trials at once");
        busy.retry_after = std::chrono::seconds(1);
        co_return busy;
    }
    auto const place = place_;
    if (question.provider.empty()) co_return co_await ask_defined(std::move(question));
    auto* const provider = directory_.find(question.provider);
    if (provider == nullptr) co_return Error(ErrorCode::not_found, "unknown provider '" + question.provider + "'");
    co_return co_await ask_known(std::move(question), *provider);
}

Awaitable<TrialAnswer> Trials::ask_known(TrialQuestion question, PriceProvider& provider) {
    TrialAnswer out;
    auto const deadline = context_.clock.steady_now() + options_.deadline;
    auto const& all = directory_.of_catalogue();
    auto const found = std::find(all.begin(), all.end(), &provider);
    if (found == all.end()) {
        out.answer = co_await provider.fetch(std::move(question.symbols), deadline, FetchCause::read);
        report(out, provider.traits().name, nullptr);
        co_return out;
    }
    auto const watch = guard();
    out.answer = co_await (*found)->fetch_guarded(std::move(question.symbols), deadline, FetchCause::read, watch);
    if (!was_refused(watch, out)) report(out, provider.traits().name, &(*found)->entry());
    co_return out;
}

Awaitable<TrialAnswer> Trials::ask_defined(TrialQuestion question) {
    TrialAnswer out;
    auto const entry = read(question, out.problems);
    if (!entry) co_return out;
    support::Metrics nowhere;  // whoever sends definitions chooses their names
    HttpProvider provider(*entry, directory_.http(), context_.clock, context_.timer, context_.random, nowhere,
                          nullptr);
    auto const watch = guard();
    auto const deadline = context_.clock.steady_now() + options_.deadline;
    out.answer = co_await provider.fetch_guarded(std::move(question.symbols), deadline, FetchCause::read, watch);
    if (!was_refused(watch, out)) report(out, name_of_definition, &*entry);
    co_return out;
}

std::shared_ptr<AddressGuard> Trials::guard() const {
    return options_.private_addresses ? nullptr : std::make_shared<AddressGuard>();
}

}  // namespace mds::providers
