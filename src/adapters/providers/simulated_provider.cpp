#include <adapters/providers/simulated_provider.hpp>

#include <adapters/providers/random_walk.hpp>
#include <codec/json_text.hpp>

#include <algorithm>

namespace mds::providers {

namespace {

using std::chrono::microseconds;

// What a hash is drawn for; random_walk.cpp uses the small numbers.
constexpr std::uint64_t for_delay = 1'000, for_failure = 2'000;

ProviderTraits traits_of(SimulatedOptions const& options) {
    ProviderTraits traits;
    traits.name = options.name;
    traits.batch_max = std::max<std::size_t>(1, options.batch_max);
    return traits;
}

UtcTime floored(UtcTime at, microseconds step) noexcept {
    auto const since = at.time_since_epoch();
    return step.count() <= 0 ? at : UtcTime(since - since % step);
}

std::uint64_t drawn(SimulatedOptions const& options, Symbol const& symbol, UtcTime at, std::uint64_t purpose) noexcept {
    return hashed(options.seed + purpose, symbol.str(), static_cast<std::uint64_t>(at.time_since_epoch().count()));
}

std::vector<SymbolResult> rejected(std::vector<Symbol> const& symbols, Outcome outcome, std::string const& reason) {
    std::vector<SymbolResult> results;
    for (auto const& symbol : symbols) results.emplace_back(symbol, Reject(outcome, reason));
    return results;
}

}  // namespace

SimulatedProvider::SimulatedProvider(SimulatedOptions options, Clock const& clock, Timer& timer, Random& random,
                                     support::Metrics& metrics)
    : options_(std::move(options)), traits_(traits_of(options_)), clock_(clock), timer_(timer), random_(random),
      metrics_(metrics, options_.name) {}

Awaitable<FetchAnswer> SimulatedProvider::fetch(std::vector<Symbol> symbols, SteadyTime deadline, FetchCause /*cause*/) {
    FetchAnswer answer;
    auto const begin = clock_.steady_now();
    auto const asked_at = clock_.now();
    auto const answered = begin + delay(symbols.front(), asked_at);
    bool uninterrupted = true;
    if (answered > begin) uninterrupted = co_await timer_.sleep_until(std::min(answered, deadline));
    answer.fetched_at = clock_.now();
    answer.duration = std::chrono::duration_cast<microseconds>(clock_.steady_now() - begin);
    if (!uninterrupted) answer.results = rejected(symbols, Outcome::unavailable, "interrupted");
    else if (answered > deadline) answer.results = rejected(symbols, Outcome::timeout, "no complete answer within the deadline");
    else if (fails(symbols.front(), asked_at)) answer.results = rejected(symbols, Outcome::unavailable, "simulated failure");
    else quote_all(symbols, answer);
    metrics_.count(answer, clock_.steady_now());
    co_return answer;
}

ProviderCondition SimulatedProvider::condition() const {
    ProviderCondition condition;
    condition.last_hour = metrics_.last_hour(clock_.steady_now());
    return condition;
}

microseconds SimulatedProvider::delay(Symbol const& first, UtcTime at) const noexcept {
    microseconds const jitter = options_.jitter;
    if (jitter.count() <= 0) return options_.latency;
    return options_.latency + microseconds(drawn(options_, first, at, for_delay) % static_cast<std::uint64_t>(jitter.count() + 1));
}

bool SimulatedProvider::fails(Symbol const& first, UtcTime at) const noexcept {
    auto const within = [&](FailWindow const& window) { return at >= window.start && at < window.end; };
    if (std::any_of(options_.fail.begin(), options_.fail.end(), within)) return true;
    return static_cast<int>(drawn(options_, first, at, for_failure) % 1000) < options_.failures_per_mille;
}

void SimulatedProvider::quote_all(std::vector<Symbol> const& symbols, FetchAnswer& answer) {
    auto const at = floored(answer.fetched_at, options_.step);
    RawAnswer raw;
    raw.content_type = "application/json";
    answer.results.reserve(symbols.size());
    raw.body = R"({"time":")" + format_rfc3339(at) + R"(","quotes":{)";
    for (auto const& symbol : symbols) {
        if (options_.unknown.contains(symbol.str())) {
            answer.results.emplace_back(symbol, Reject(Outcome::unknown_symbol, "the simulation does not know " + symbol.str()));
            continue;
        }
        auto const price = simulated_price(options_.seed, symbol.str(), at);
        if (raw.body.back() != '{') raw.body += ',';
        codec::append_json_string(raw.body, symbol.str());
        raw.body += ':';
        price.append_to(raw.body);
        auto const random_a = random_.next();
        answer.results.emplace_back(
            symbol, Quote(Uuid::v7(answer.fetched_at, random_a, random_.next()), price, at, TimeSource::quote));
    }
    raw.body += "}}";
    answer.answer = std::move(raw);
}

}  // namespace mds::providers
