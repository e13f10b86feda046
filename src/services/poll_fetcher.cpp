#include "services/poll_fetcher.hpp"

#include "support/offload.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace mds {

/// One task under way.
struct PollFetcher::Run {
    struct Verdict {
        bool answered = false;  ///< at least one price, or a symbol that has none for now
        bool failed = false;
        std::set<Symbol> suspects;  ///< of a batch that one of them spoilt
    };
    PollTask task;
    FetchSteps steps;
    std::map<std::string, Verdict> verdicts;

    Run(PollTask t, FetchSteps s) : task(std::move(t)), steps(std::move(s)) {}
};

PollFetcher::PollFetcher(ProviderDirectory& providers, ObservationSink& sink, PollLedger& ledger, ProviderGate& gate, Clock& clock,
                         Timer& timer, Random& random, support::Log log, PollMetrics& metrics, PollFetchOptions options)
    : providers_(providers), sink_(sink), ledger_(ledger), gate_(gate), clock_(clock), timer_(timer), random_(random),
      log_(std::move(log)), metrics_(metrics), options_(options) {}

FetchSteps PollFetcher::plan(PollTask const& task) {
    std::vector<FetchSource> sources;
    for (auto const& name : task.providers) {
        PriceProvider const* const provider = providers_.find(name);
        if (provider == nullptr) sources.emplace_back(name, task.symbols->size());
        else sources.emplace_back(name, provider->traits().batch_max, [provider](Symbol const& symbol) { return provider->batch_key(symbol); });
    }
    FetchSteps steps(std::move(sources), *task.symbols, options_.steps);
    if (auto const found = spoilers_.find(task.providers.front()); found != spoilers_.end()) {
        steps.isolate([&known = found->second](Symbol const& symbol) { return known.contains(symbol); });
    }
    if (auto const overdue = overdue_.extract(task.group)) steps.prefer(overdue.mapped());
    return steps;
}

Awaitable<PollTaskEnd> PollFetcher::run(PollTask task, ProviderGate::Slot slot, std::function<void()> storing) {
    auto steps = plan(task);
    Run run(std::move(task), std::move(steps));
    std::function<bool(std::string const&)> const usable = [this](std::string const& name) {
        return !gate_.held(name, clock_.steady_now());
    };
    auto next = [&] {
        FetchSteps::Limits const limits{clock_.steady_now(), run.task.give_up, usable, budget_, random_};
        return run.steps.next(limits);
    };
    // The slot was waited for, so the time to give up may just have come: the first request is made all the same.
    FetchSteps::Limits const first{SteadyTime::min(), SteadyTime::max(), usable, budget_, random_};
    std::optional<FetchStep> step = run.steps.next(first);
    while (step) {
        std::string const provider = run.steps.sources()[step->source].name;
        if (!slot) slot = co_await turn(step->not_before, provider, run.task.give_up);
        if (!slot) {
            storing();
            remember_overdue(run);
            bool const settled = co_await store_unasked(run, std::move(*step));
            co_return end(run, settled);
        }
        if (step->attempt > 1) metrics_.retries.Increment();
        if (step->source > 0) metrics_.failovers.Increment();
        SteadyTime deadline = clock_.steady_now() + options_.deadline;
        if (step->attempt > 1) deadline = std::min(deadline, run.task.give_up);
        auto answer = co_await ask(provider, step->symbols, deadline, run.task.cause);
        note(run, *step, answer);
        slot.give_back();
        auto following = next();
        if (!following) remember_overdue(run);
        bool const all_asked = run.steps.unasked().empty();
        auto observation = observe(run, *step, std::move(answer), !following && all_asked);
        if (!following) storing();
        bool stored = co_await store(std::move(observation));
        if (stored && !following && !all_asked) {
            FetchStep none = *step;
            none.symbols.clear();
            stored = co_await store_unasked(run, std::move(none));
        }
        if (!stored) co_return end(run, false);
        step = std::move(following);
    }
    co_return end(run, true);
}

/// Waits for the step's time and for a slot; none: neither came in time.
Awaitable<ProviderGate::Slot> PollFetcher::turn(SteadyTime not_before, std::string provider, SteadyTime give_up) {
    if (not_before > clock_.steady_now()) {
        bool const came = co_await timer_.sleep_until(not_before);
        if (!came) co_return ProviderGate::Slot();
    }
    auto got = co_await slot(provider, give_up);
    co_return got;
}

Awaitable<ProviderGate::Slot> PollFetcher::slot(std::string const& provider, SteadyTime give_up) {
    auto start = [this, provider, give_up](auto handler) {
        using Handler = decltype(handler);
        /// In this order: the handler keeps alive what the slot belongs to.
        struct Resume {
            std::shared_ptr<Handler> handler;
            ProviderGate::Slot slot;
            void operator()() { std::move (*handler)(std::move(slot)); }
        };
        auto const shared = std::make_shared<Handler>(std::move(handler));
        auto const home = net::get_associated_executor(*shared);
        gate_.request(provider, clock_.steady_now(), give_up,
                      [shared, home](ProviderGate::Slot granted) { net::post(home, Resume{shared, std::move(granted)}); });
    };
    return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(ProviderGate::Slot)>(std::move(start), support::use_task);
}

Awaitable<FetchAnswer> PollFetcher::ask(std::string provider, std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause) {
    metrics_.requests.Increment();
    budget_.request();
    PriceProvider* const found = providers_.find(provider);
    if (found == nullptr) co_return refusal(symbols, Outcome::bad_request, "no such provider is configured");
    if (auto const& secret = found->traits().missing_secret; !secret.empty()) {
        co_return refusal(symbols, Outcome::auth, "needs the environment variable " + secret);
    }
    FetchAnswer answer;
    try {
        answer = co_await found->fetch(symbols, deadline, cause);
    } catch (std::exception const& fault) {
        log_.error("poller.provider_fault", {{"provider", provider}, {"detail", fault.what()}});
        co_return refusal(symbols, Outcome::unclassified_error, "a fault of the provider's adapter");
    }
    metrics_.fetch_seconds.Observe(std::chrono::duration<double>(answer.duration).count());
    bool const complete = std::ranges::equal(answer.results, symbols, {}, &SymbolResult::symbol);
    if (complete) co_return answer;
    log_.error("poller.incomplete_answer", {{"provider", provider}});
    auto broken = refusal(symbols, Outcome::malformed, "the answer does not cover the symbols asked for");
    broken.answer = std::move(answer.answer);
    co_return broken;
}

FetchAnswer PollFetcher::refusal(std::vector<Symbol> const& symbols, Outcome outcome, std::string const& reason) const {
    FetchAnswer answer;
    answer.fetched_at = clock_.now();
    for (auto const& symbol : symbols) answer.results.emplace_back(symbol, Reject(outcome, reason));
    return answer;
}

/// Draws the conclusions from an answer, for this task and for all that follow.
void PollFetcher::note(Run& run, FetchStep const& step, FetchAnswer const& answer) {
    std::string const& provider = run.steps.sources()[step.source].name;
    auto& verdict = run.verdicts[provider];
    for (auto const& result : answer.results) {
        Reject const* const reject = result.reject();
        (reject == nullptr || !calls_for_back_off(reject->outcome) ? verdict.answered : verdict.failed) = true;
    }
    remember_spoilers(run, step, answer);
    if (gate_.note(provider, answer, clock_.steady_now())) metrics_.holds.Increment();
    run.steps.answered(step, answer, clock_.steady_now());
}

/// A batch is spoilt by the symbol that its answer names, or by one that is unknown when it is asked for alone afterwards.
void PollFetcher::remember_spoilers(Run& run, FetchStep const& step, FetchAnswer const& answer) {
    std::string const& provider = run.steps.sources()[step.source].name;
    auto const is = [](SymbolResult const& result, Outcome outcome) {
        return result.reject() != nullptr && result.reject()->outcome == outcome;
    };
    auto& known = spoilers_[provider];
    auto& suspects = run.verdicts[provider].suspects;
    if (step.symbols.size() == 1) {
        auto const& only = answer.results.front();
        if (only.quote() != nullptr) known.erase(only.symbol);
        if (is(only, Outcome::unknown_symbol) && suspects.contains(only.symbol)) known.insert(only.symbol);
        return;
    }
    auto const in_bad_company = [&](SymbolResult const& result) { return is(result, Outcome::bad_symbol_in_batch); };
    if (std::ranges::none_of(answer.results, in_bad_company)) return;
    metrics_.splits.Increment();
    for (auto const& result : answer.results) {
        if (in_bad_company(result)) suspects.insert(result.symbol);
        if (is(result, Outcome::unknown_symbol)) known.insert(result.symbol);
    }
}

Observation PollFetcher::observe(Run const& run, FetchStep const& step, FetchAnswer answer, bool last) {
    Observation observation;
    auto const now = clock_.now();
    auto const high = random_.next();
    observation.raw_id = Uuid::v7(now, high, random_.next());
    observation.provider = run.steps.sources()[step.source].name;
    observation.symbols = step.symbols;
    observation.answer = std::move(answer.answer);
    observation.results = std::move(answer.results);
    observation.fetched_at = answer.fetched_at;
    observation.duration = answer.duration;
    observation.cause = run.task.cause;
    observation.attempt = step.attempt;
    auto const charge = run.task.due ? charge_(run.task.id) : std::nullopt;
    if (charge) {
        Tick tick;
        tick.group = run.task.group;
        tick.due = *run.task.due;
        tick.lease = charge->key;
        tick.term = charge->term;
        observation.tick = std::move(tick);
        observation.settles_tick = last;
    }
    return observation;
}

/// The tick ends although requests were still planned for it: says so for the symbols of `step`, and for all that were not asked at all.
Observation PollFetcher::not_tried(Run const& run, FetchStep step) {
    for (auto const& symbol : run.steps.unasked()) {
        if (std::ranges::find(step.symbols, symbol) == step.symbols.end()) step.symbols.push_back(symbol);
    }
    FetchAnswer answer;
    answer.fetched_at = clock_.now();
    for (auto const& symbol : step.symbols) {
        auto const found = run.steps.open().find(symbol);
        bool const again = found != run.steps.open().end();
        auto const outcome = again ? found->second.outcome : Outcome::unavailable;
        auto const* const reason = again ? "not asked again: no turn before the next tick" : "not asked: no turn before the next tick";
        answer.results.emplace_back(symbol, Reject(outcome, reason));
    }
    return observe(run, step, std::move(answer), true);
}

/// Whoever had no turn is asked first at the group's next tick, lest the same ones stand at the end each time.
void PollFetcher::remember_overdue(Run const& run) {
    if (run.task.group.empty()) return;
    auto overdue = run.steps.planned();
    overdue.insert(run.steps.unasked().begin(), run.steps.unasked().end());
    if (!overdue.empty()) overdue_.insert_or_assign(run.task.group, std::move(overdue));
}

/// Ends the tick so.
Awaitable<bool> PollFetcher::store_unasked(Run const& run, FetchStep step) {
    auto observation = not_tried(run, std::move(step));
    return store(std::move(observation));
}

namespace {

/// All but what is large. The observation is whole again afterwards.
Observation without_answer(Observation& observation) {
    auto answer = std::exchange(observation.answer, std::nullopt);
    auto results = std::exchange(observation.results, {});
    Observation rest = observation;
    observation.answer = std::move(answer);
    observation.results = std::move(results);
    return rest;
}

}  // namespace

/// True: stored. One that can never be stored is replaced by its rejects, so that the tick has an end.
Awaitable<bool> PollFetcher::store(Observation observation) {
    if (observation.settles_tick && !ledger_.is_recorded(observation.tick->group)) {
        std::string const group = observation.tick->group;
        bool const recorded = co_await ledger_.recorded(group);
        if (!recorded) {
            // The next start finds these ranges, and with them this tick, as down-time. The prices are kept all the same.
            observation.tick.reset();
            observation.settles_tick = false;
            auto const kept = co_await sink_.submit(std::move(observation));
            if (!kept) metrics_.not_stored.Increment();
            co_return false;
        }
    }
    auto substitute = without_answer(observation);
    auto const stored = co_await sink_.submit(std::move(observation));
    if (stored) co_return true;
    metrics_.not_stored.Increment();
    log_.warning("poller.not_stored", {{"provider", substitute.provider}, {"message", stored.error().message}});
    if (stored.error().code != ErrorCode::invalid_argument) co_return false;
    substitute.raw_id = Uuid::v7(clock_.now(), random_.next(), random_.next());
    for (auto const& symbol : substitute.symbols) {
        substitute.results.emplace_back(symbol, Reject(Outcome::malformed, "the store refused the answer"));
    }
    auto const again = co_await sink_.submit(std::move(substitute));
    co_return again.has_value();
}

PollTaskEnd PollFetcher::end(Run const& run, bool settled) const {
    PollTaskEnd end;
    end.id = run.task.id;
    end.settled = settled;
    for (auto const& [provider, verdict] : run.verdicts) {
        if (verdict.answered) end.answered.push_back(provider);
        else if (verdict.failed) end.failed.push_back(provider);
    }
    if (run.task.group.empty()) {
        metrics_.immediate.Increment();
        return end;
    }
    auto const open = run.steps.open().size();
    auto& count = open == 0 ? metrics_.ticks_ok : open == run.task.symbols->size() ? metrics_.ticks_failed : metrics_.ticks_partial;
    if (settled) count.Increment();
    return end;
}

}  // namespace mds
