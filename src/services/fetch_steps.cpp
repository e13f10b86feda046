#include "services/fetch_steps.hpp"

#include "support/backoff.hpp"

#include <algorithm>

namespace mds {

FetchSteps::FetchSteps(std::vector<FetchSource> sources, std::vector<Symbol> symbols, FetchStepOptions options)
    : options_(options), sources_(std::move(sources)), unasked_(symbols.begin(), symbols.end()), retriable_(sources_.size()),
      skipped_(sources_.size()) {
    enqueue(0, symbols);
}

namespace {

/// In the order of their first symbols.
std::vector<std::vector<Symbol>> by_key(FetchSource const& source, std::vector<Symbol> const& symbols) {
    if (!source.batch_key || source.batch_max < 2) return {symbols};
    std::vector<std::vector<Symbol>> groups;
    std::map<std::string, std::size_t> places;
    for (auto const& symbol : symbols) {
        auto const [place, fresh] = places.emplace(source.batch_key(symbol), groups.size());
        if (fresh) groups.emplace_back();
        groups[place->second].push_back(symbol);
    }
    return groups;
}

}  // namespace

void FetchSteps::enqueue(std::size_t source, std::vector<Symbol> const& all) {
    std::size_t const max = std::max<std::size_t>(1, sources_[source].batch_max);
    for (auto const& symbols : by_key(sources_[source], all)) {
        for (std::size_t first = 0; first < symbols.size(); first += max) {
            auto const begin = symbols.begin() + static_cast<std::ptrdiff_t>(first);
            auto const end = symbols.begin() + static_cast<std::ptrdiff_t>(std::min(first + max, symbols.size()));
            FetchStep step;
            step.source = source;
            step.symbols.assign(begin, end);
            step.attempt = attempt_;
            queue_.push_back(std::move(step));
        }
    }
}

void FetchSteps::isolate(std::function<bool(Symbol const&)> const& spoils) {
    std::deque<FetchStep> apart;
    for (auto& step : queue_) {
        if (step.symbols.size() < 2) continue;
        auto const good = std::stable_partition(step.symbols.begin(), step.symbols.end(), [&](Symbol const& s) { return !spoils(s); });
        for (auto at = good; at != step.symbols.end(); ++at) {
            FetchStep alone;
            alone.source = step.source;
            alone.symbols.push_back(*at);
            alone.attempt = step.attempt;
            apart.push_back(std::move(alone));
        }
        step.symbols.erase(good, step.symbols.end());
    }
    std::erase_if(queue_, [](FetchStep const& step) { return step.symbols.empty(); });
    for (auto& step : apart) queue_.push_back(std::move(step));
}

void FetchSteps::prefer(std::set<Symbol> const& symbols) {
    auto const overdue = [&](Symbol const& symbol) { return symbols.contains(symbol); };
    // Within a step as well: it may have to be split.
    for (auto& step : queue_) std::ranges::stable_partition(step.symbols, overdue);
    std::ranges::stable_partition(queue_, [&](FetchStep const& step) { return overdue(step.symbols.front()); });
}

std::set<Symbol> FetchSteps::planned() const {
    std::set<Symbol> symbols;
    for (auto const& step : queue_) symbols.insert(step.symbols.begin(), step.symbols.end());
    return symbols;
}

void FetchSteps::answered(FetchStep const& step, FetchAnswer const& answer, SteadyTime now) {
    if (answer.retry_after) retry_after_ = std::max(retry_after_, now + *answer.retry_after);
    if (answer.quota_wait) retry_after_ = std::max(retry_after_, now + answer.quota_wait->wait);
    std::vector<Symbol> again;
    for (auto const& result : answer.results) {
        unasked_.erase(result.symbol);
        Reject const* const reject = result.reject();
        if (reject == nullptr) {
            open_.erase(result.symbol);
            continue;
        }
        open_.insert_or_assign(result.symbol, *reject);
        bool const spoilt = reject->outcome == Outcome::bad_symbol_in_batch || reject->outcome == Outcome::batch_too_large;
        if (spoilt && step.symbols.size() > 1) again.push_back(result.symbol);
        if (is_retriable(reject->outcome)) retriable_[step.source] = true;
    }
    if (again.empty()) return;
    // All of them spoilt: nobody said which one did it. Some: the provider named the others.
    std::size_t const parts = again.size() == step.symbols.size() ? 2 : 1;
    auto const middle = again.begin() + static_cast<std::ptrdiff_t>((again.size() + parts - 1) / parts);
    FetchStep rest = step;
    rest.symbols.assign(middle, again.end());
    if (!rest.symbols.empty()) queue_.push_front(rest);
    rest.symbols.assign(again.begin(), middle);
    queue_.push_front(std::move(rest));
}

std::optional<FetchStep> FetchSteps::next(Limits const& limits) {
    if (limits.now >= limits.give_up) return std::nullopt;
    while (queue_.empty()) {
        if (open_.empty()) return std::nullopt;
        if (!next_source(limits) && !next_attempt(limits)) return std::nullopt;
    }
    FetchStep step = std::move(queue_.front());
    queue_.pop_front();
    return step;
}

bool FetchSteps::next_source(Limits const& limits) {
    while (++source_ < sources_.size()) {
        if (skipped_[source_] || !limits.usable(sources_[source_].name)) continue;
        std::vector<Symbol> symbols;
        for (auto const& [symbol, reject] : open_) symbols.push_back(symbol);
        enqueue(source_, symbols);
        return true;
    }
    return false;
}

/// Another pass through the sources whose failure may have been a passing one.
bool FetchSteps::next_attempt(Limits const& limits) {
    auto const first = std::ranges::find(retriable_, true);
    if (first == retriable_.end() || attempt_ >= options_.max_attempts) return false;
    std::vector<Symbol> symbols;
    for (auto const& [symbol, reject] : open_) {
        if (is_retriable(reject.outcome)) symbols.push_back(symbol);
    }
    auto const pause = support::full_jitter(attempt_ - 1, options_.back_off.base, options_.back_off.cap, limits.random.next());
    SteadyTime const start = std::max(limits.now + pause, retry_after_);
    if (symbols.empty() || start >= limits.give_up || !limits.budget.take()) return false;
    ++attempt_;
    for (std::size_t at = 0; at < sources_.size(); ++at) skipped_[at] = !retriable_[at];
    source_ = static_cast<std::size_t>(first - retriable_.begin());
    retriable_.assign(sources_.size(), false);
    enqueue(source_, symbols);
    for (auto& step : queue_) step.not_before = start;
    return true;
}

}  // namespace mds
