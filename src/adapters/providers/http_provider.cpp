#include <adapters/providers/http_provider.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

constexpr std::chrono::minutes future{5};  // that far ahead, the time of a quote is counted as odd
constexpr std::size_t max_text = 300;  // bytes of a reason or a media type that are kept

/// Of the values that count first.
TimeSource time_source_of(codec::ProviderEntry const& entry) {
    auto const& values = entry.answer.values;
    if (values.empty() || !values.front().time) return TimeSource::receive;
    return values.front().time->encoding == codec::TimeEncoding::date ? TimeSource::date : TimeSource::quote;
}

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
    traits.aliases = entry.aliases;
    for (auto const& secret : entry.secrets) traits.keys.push_back({secret.variable, secret.value.has_value()});
    traits.time_source = time_source_of(entry);
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

/// Adds the results of those that were not asked for, in the order of all.
void add_unasked(std::vector<Symbol> const& symbols, std::vector<SymbolResult> unasked, std::vector<SymbolResult>& results) {
    if (unasked.empty()) return;
    std::vector<SymbolResult> all;
    auto other = unasked.begin();
    auto own = results.begin();
    for (auto const& symbol : symbols) {
        auto& from = other != unasked.end() && other->symbol == symbol ? other : own;
        all.push_back(std::move(*from++));
    }
    results = std::move(all);
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

/// Then it says nothing about the provider.
bool was_refused(std::shared_ptr<AddressGuard> const& guard) { return guard && guard->refused; }

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

Awaitable<FetchAnswer> HttpProvider::fetch_guarded(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause,
                                                   std::shared_ptr<AddressGuard> guard) {
    FetchAnswer answer;
    auto asked = symbols;
    std::vector<SymbolResult> unasked;
    auto blocked = obstacle(entry_, traits_, symbols.size());
    if (!blocked) unasked = without_request(asked);
    auto const use = cause == FetchCause::read ? QuotaUse::reads : QuotaUse::polls;
    if (!blocked && !asked.empty()) blocked = co_await turn(asked.size(), deadline, use, answer);
    if (blocked || asked.empty()) answer.fetched_at = clock_.now();
    else co_await ask(std::move(asked), deadline, guard, answer);
    if (blocked) answer.results = rejected(symbols, blocked->outcome, blocked->reason);
    else add_unasked(symbols, std::move(unasked), answer.results);
    if (!was_refused(guard)) metrics_.count(answer, clock_.steady_now());
    co_return answer;
}

/// Takes those out of `symbols` that the provider has no spelling for or does not give us.
std::vector<SymbolResult> HttpProvider::without_request(std::vector<Symbol>& symbols) {
    std::vector<SymbolResult> out;
    std::vector<Symbol> rest;
    auto const now = clock_.steady_now();
    bool withheld = false;
    for (auto& symbol : symbols) {
        if (!entry_.spelling.spell(symbol)) {
            out.emplace_back(symbol, Reject(Outcome::unknown_symbol, "the provider has no spelling for " + symbol.str()));
        } else if (withheld_.has(symbol, now)) {
            withheld = true;
            out.emplace_back(symbol, Reject(Outcome::entitlement, "not asked: the plan of the key does not include it, and it is too "
                                                                  "early to try again"));
        } else {
            rest.push_back(std::move(symbol));
        }
    }
    if (withheld && rest.empty()) metrics_.count_withheld();
    symbols = std::move(rest);
    return out;
}

ProviderCondition HttpProvider::condition() const {
    constexpr std::size_t shown_symbols = 100;
    auto const now = clock_.steady_now();
    ProviderCondition condition;
    condition.breaker = breaker_.state();
    condition.quota_left = quota_.left(now);
    condition.last_hour = metrics_.last_hour(now);
    condition.withheld = withheld_.list(now, shown_symbols);
    return condition;
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
Awaitable<void> HttpProvider::ask(std::vector<Symbol> symbols, SteadyTime deadline, std::shared_ptr<AddressGuard> guard,
                                  FetchAnswer& answer) {
    auto const begin = clock_.steady_now();
    auto request = codec::make_request(entry_, symbols);
    HttpRequest http_request;
    http_request.url = std::move(request->url);
    http_request.headers = std::move(request->headers);
    http_request.wanted = wanted_fields(entry_);
    http_request.guard = guard;
    breaker_.started();
    HttpResult http = co_await http_.get(std::move(http_request), deadline);
    auto const end = clock_.steady_now();
    answer.fetched_at = clock_.now();
    answer.duration = std::chrono::duration_cast<std::chrono::microseconds>(end - begin);
    if (http) take(*http, symbols, answer);
    else answer.results = rejected(symbols, http.error().outcome, shown(http.error().reason));
    if (was_refused(guard)) co_return breaker_.called_off();
    breaker_.ended(answer.results, end);
    withheld_.note(answer.results, end);
    metrics_.show_breaker(breaker_.is_open(end));
}

void HttpProvider::take(HttpAnswer& http, std::span<Symbol const> symbols, FetchAnswer& answer) {
    // Judged as it came, masked afterwards: a short key may be a part of a number.
    codec::ProviderAnswer const view{http.status, http.content_type, http.body, http.truncated};
    auto judgement = codec::judge(entry_, symbols, view, answer.fetched_at);
    answer.retry_after = pause_after(http, judgement, answer.fetched_at);
    answer.results.reserve(symbols.size());
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
    // Kept as it is: no decision hangs on it, and our own clock may be the one that is wrong.
    if (judged.timestamp > at + future) metrics_.count_future();
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
