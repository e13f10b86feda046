#include "services/poll_fetcher.hpp"

#include "services/poll_fetcher_run.hpp"
#include "support/offload.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace mds {

PollFetcher::PollFetcher(ProviderDirectory& providers, ObservationSink& sink, PollLedger& ledger, ProviderGate& gate, Clock& clock,
                         Timer& timer, Random& random, support::Log log, PollMetrics& metrics, PollFetchOptions options)
    : providers_(providers),
      sink_(sink),
      ledger_(ledger),
      gate_(gate),
      clock_(clock),
      timer_(timer),
      random_(random),
      log_(std::move(log)),
      metrics_(metrics),
      options_(options) {}

FetchSteps PollFetcher::plan(PollTask const& task) {
    std::vector<FetchSource> sources;
    for (auto const& name : task.providers) {
        PriceProvider const* const provider = providers_.find(name);
        if (provider == nullptr)
            sources.emplace_back(name, task.symbols->size());
        else
            sources.emplace_back(name, provider->traits().batch_max,
                                 [provider](Symbol const& symbol) { return provider->batch_key(symbol); });
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
        gate_.request(provider, clock_.steady_now(), give_up, [shared, home](ProviderGate::Slot granted) {
            net::post(home, Resume{shared, std::move(granted)});
        });
    };
    return net::async_initiate<net::use_awaitable_t<IoExecutor> const, void(ProviderGate::Slot)>(std::move(start),
                                                                                                 support::use_task);
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

}  // namespace mds
