// How answers, and the lack of them, come to the store.
#include "services/poll_fetcher_run.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace mds {

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

/// The tick ends although requests were still planned for it: says so for the symbols of `step`, and for all that were not asked at
/// all.
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
        auto const* const reason =
            again ? "not asked again: no turn before the next tick" : "not asked: no turn before the next tick";
        answer.results.emplace_back(symbol, Reject(outcome, reason));
    }
    return observe(run, step, std::move(answer), true);
}

/// Ends the tick so.
Awaitable<bool> PollFetcher::store_unasked(Run const& run, FetchStep step) {
    auto observation = not_tried(run, std::move(step));
    return store(std::move(observation));
}

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

}  // namespace mds
