#include <adapters/providers/http_provider.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

constexpr std::size_t max_text = 300;  // bytes of a reason or a media type that are kept

ProviderTraits traits_of(codec::ProviderEntry const& entry) {
    ProviderTraits traits;
    traits.name = entry.name;
    traits.batch_max = entry.batch ? std::max<std::size_t>(1, entry.batch->max) : 1;
    traits.quota = entry.quota;
    for (auto const& window : entry.quota) {
        // A poll that costs more than all that polls may take of a window could never be made.
        if (window.per_symbol) traits.batch_max = std::min(traits.batch_max, window.share(QuotaUse::polls));
    }
    traits.missing_secret = entry.missing_secret();
    traits.zero_means_unknown = entry.zero_means_unknown;
    return traits;
}

std::vector<SymbolResult> rejected(std::span<Symbol const> symbols, Outcome outcome, std::string const& reason) {
    std::vector<SymbolResult> results;
    for (auto const& symbol : symbols) results.emplace_back(symbol, Reject(outcome, reason));
    return results;
}

/// Why the request cannot even be made; nullopt where it can.
std::optional<Reject> obstacle(codec::ProviderEntry const& entry, ProviderTraits const& traits, std::size_t symbols) {
    if (!traits.missing_secret.empty()) {
        return Reject(Outcome::auth, "provider " + entry.name + " needs the environment variable " + traits.missing_secret);
    }
    if (symbols > traits.batch_max) {
        return Reject(Outcome::batch_too_large, "provider " + entry.name + " answers at most " + std::to_string(traits.batch_max) +
                                                    " symbols at a time");
    }
    return std::nullopt;
}

std::vector<Symbol> spellable(codec::ProviderEntry const& entry, std::vector<Symbol> const& symbols) {
    std::vector<Symbol> out;
    for (auto const& symbol : symbols) {
        if (entry.spelling.spell(symbol)) out.push_back(symbol);
    }
    return out;
}

/// Completes the results of those that were asked for, in the order of all.
void add_unspellable(std::vector<Symbol> const& symbols, std::vector<SymbolResult>& results) {
    if (results.size() == symbols.size()) return;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        if (i < results.size() && results[i].symbol == symbols[i]) continue;
        Reject reject(Outcome::unknown_symbol, "the provider has no spelling for " + symbols[i].str());
        results.insert(results.begin() + static_cast<std::ptrdiff_t>(i), SymbolResult(symbols[i], std::move(reject)));
    }
}

std::vector<std::string> wanted_fields(codec::ProviderEntry const& entry) {
    if (!entry.budget) return {};
    std::vector<std::string> fields(1, entry.budget->field);
    if (!entry.budget->reset_field.empty()) fields.push_back(entry.budget->reset_field);
    return fields;
}

/// The provider wants to be left alone, even where it does not say for how long.
bool is_refusal(codec::Verdict const& verdict) {
    auto const* reject = std::get_if<Reject>(&verdict);
    if (reject == nullptr) return false;
    switch (reject->outcome) {
        case Outcome::rate_limited:
        case Outcome::quota_exhausted:
        case Outcome::banned:
        case Outcome::blocked: return true;
        default: return false;
    }
}

std::string printable(std::string_view text) {
    std::string out(text.substr(0, max_text));
    std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
    return out;
}

}  // namespace

HttpProvider::HttpProvider(codec::ProviderEntry entry, CurlClient& http, Clock const& clock, Timer& timer, Random& random,
                           support::Metrics& metrics, QuotaLedger* ledger)
    : entry_(std::move(entry)),
      mask_(entry_.secrets),
      traits_(traits_of(entry_)),
      http_(http),
      clock_(clock),
      random_(random),
      metrics_(metrics, entry_.name),
      quota_(entry_.name, entry_.quota, ledger, clock, timer, metrics_) {}

Awaitable<FetchAnswer> HttpProvider::fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) {
    FetchAnswer answer;
    auto blocked = obstacle(entry_, traits_, symbols.size());
    auto asked = blocked ? std::vector<Symbol>() : spellable(entry_, symbols);
    auto const use = cause == FetchCause::read ? QuotaUse::reads : QuotaUse::polls;
    if (!asked.empty()) blocked = co_await turn(asked.size(), deadline, use, answer);
    if (!asked.empty() && !blocked) co_await ask(std::move(asked), deadline, answer);
    else answer.fetched_at = clock_.now();
    if (blocked) answer.results = rejected(symbols, blocked->outcome, blocked->reason);
    else add_unspellable(symbols, answer.results);
    metrics_.count(answer);
    co_return answer;
}

/// Waits until the quota lets a request go. Why none is sent; nullopt: send it now.
Awaitable<std::optional<Reject>> HttpProvider::turn(std::size_t symbols, SteadyTime deadline, QuotaUse use, FetchAnswer& answer) {
    if (auto why = broken()) co_return why;
    auto const now = clock_.steady_now();
    // Half of the time is left for the answer.
    auto const came = co_await quota_.turn(symbols, use, now + (deadline - now) / 2);
    if (auto const* const refusal = std::get_if<Quota::Refusal>(&came)) {
        metrics_.count_over_quota();
        answer.quota_wait = QuotaWait{use, refusal->wait};
        co_return Reject(Outcome::rate_limited, refusal->reason);
    }
    auto why = broken();  // it may have stopped answering meanwhile
    if (why) quota_.give_back(std::get<Quota::Turn>(came));
    co_return why;
}

std::optional<Reject> HttpProvider::broken() {
    auto const why = breaker_.refusal(clock_.steady_now());
    if (!why) return std::nullopt;
    metrics_.count_broken();
    return Reject(*why, "not asked: the last answer was " + std::string(to_string(*why)) + ", and it is too early to try again");
}

/// Precondition: every symbol has a spelling.
Awaitable<void> HttpProvider::ask(std::vector<Symbol> symbols, SteadyTime deadline, FetchAnswer& answer) {
    auto const begin = clock_.steady_now();
    auto request = codec::make_request(entry_, symbols);
    HttpRequest http_request;
    http_request.url = std::move(request->url);
    http_request.headers = std::move(request->headers);
    http_request.wanted = wanted_fields(entry_);
    breaker_.started();
    HttpResult http = co_await http_.get(std::move(http_request), deadline);
    auto const end = clock_.steady_now();
    answer.fetched_at = clock_.now();
    answer.duration = std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
    if (http) take(*http, symbols, answer);
    else answer.results = rejected(symbols, http.error().outcome, shown(http.error().reason));
    breaker_.ended(answer.results, end);
    metrics_.show_breaker(breaker_.is_open(end));
}

void HttpProvider::take(HttpAnswer& http, std::span<Symbol const> symbols, FetchAnswer& answer) {
    // Judged as it came, masked afterwards: a short key may be a part of a number.
    codec::ProviderAnswer const view{http.status, http.content_type, http.body, http.truncated};
    auto judgement = codec::judge(entry_, symbols, view, answer.fetched_at);
    answer.retry_after = pause_after(http, judgement, answer.fetched_at);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        answer.results.emplace_back(symbols[i], numbered(std::move(judgement.verdicts[i]), answer.fetched_at));
    }
    RawAnswer raw;
    raw.http_status = http.status;
    raw.content_type = printable(mask_.masked(http.content_type));
    raw.body = http.truncated ? mask_.masked_cut(http.body) : mask_.masked(http.body);
    raw.truncated = http.truncated;
    answer.answer = std::move(raw);
}

std::optional<std::chrono::seconds> HttpProvider::pause_after(HttpAnswer const& http, codec::Judgement const& judgement,
                                                              UtcTime at) const {
    auto pause = codec::read_retry_after(http.retry_after, at);
    if (!pause) pause = judgement.retry_after;
    if (!pause && std::any_of(judgement.verdicts.begin(), judgement.verdicts.end(), is_refusal)) pause = entry_.back_off;
    auto const spent = entry_.budget ? codec::read_budget_pause(*entry_.budget, http.fields, at) : std::nullopt;
    return std::max(pause, spent);
}

std::string HttpProvider::batch_key(Symbol const& symbol) const {
    auto const same = entry_.batch ? entry_.batch->same : codec::SamePart::none;
    if (same == codec::SamePart::none) return {};
    auto const spelled = entry_.spelling.spell(symbol);
    if (!spelled) return {};
    return same == codec::SamePart::base ? spelled->base : spelled->quote;
}

std::variant<Quote, Reject> HttpProvider::numbered(codec::Verdict&& verdict, UtcTime at) {
    if (auto* reject = std::get_if<Reject>(&verdict)) return Reject(reject->outcome, shown(reject->reason));
    auto& judged = std::get<codec::JudgedQuote>(verdict);
    if (judged.rounded) metrics_.count_rounded();
    auto const random_a = random_.next();
    Quote quote(Uuid::v7(at, random_a, random_.next()), judged.price, judged.timestamp, judged.time_source);
    quote.currency = std::move(judged.currency);
    quote.volume = std::move(judged.volume);
    return quote;
}

std::string HttpProvider::shown(std::string const& reason) const {
    constexpr std::size_t longest_character = 4;  // a cut reason ends with a whole one
    bool const cut = reason.size() + longest_character > codec::max_reason;
    return cut ? mask_.masked_cut(reason) : mask_.masked(reason);
}

}  // namespace mds::providers
