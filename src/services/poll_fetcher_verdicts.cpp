// What answers say, of their task and of those that follow.
#include "services/poll_fetcher_run.hpp"

#include <algorithm>
#include <utility>

namespace mds {

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

/// Whoever had no turn is asked first at the group's next tick, lest the same ones stand at the end each time.
void PollFetcher::remember_overdue(Run const& run) {
    if (run.task.group.empty()) return;
    auto overdue = run.steps.planned();
    overdue.insert(run.steps.unasked().begin(), run.steps.unasked().end());
    if (!overdue.empty()) overdue_.insert_or_assign(run.task.group, std::move(overdue));
}

PollTaskEnd PollFetcher::end(Run const& run, bool settled) const {
    PollTaskEnd end;
    end.id = run.task.id;
    end.settled = settled;
    for (auto const& [provider, verdict] : run.verdicts) {
        if (verdict.answered)
            end.answered.push_back(provider);
        else if (verdict.failed)
            end.failed.push_back(provider);
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
