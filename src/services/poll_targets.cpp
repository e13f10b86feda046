#include "services/poll_targets.hpp"

#include <algorithm>

namespace mds {

namespace {

/// What stands for the provider list in the name of a target.
std::string text_of(std::vector<std::string> const& providers) {
    std::string text;
    for (auto const& provider : providers) text.append(provider).append(1, ',');
    return text;
}

}  // namespace

std::vector<PollTargets::Number> PollTargets::numbers_of(Job const& job) {
    auto const list = text_of(job.config.providers);
    std::vector<Number> numbers;
    numbers.reserve(job.config.symbols.size());
    for (auto const& symbol : job.config.symbols) numbers.push_back(numbers_.add(symbol.str(), list));
    targets_.resize(numbers_.size());
    return numbers;
}

std::optional<PollTargets::Number> PollTargets::find(Job const& job, Symbol const& symbol) const {
    return numbers_.find(symbol.str(), text_of(job.config.providers));
}

std::vector<Symbol> PollTargets::symbols(std::span<Number const> targets) const {
    std::vector<Symbol> symbols;
    symbols.reserve(targets.size());
    for (Number const target : targets) symbols.push_back(*Symbol::parse(symbol(target), SymbolCase::preserve));
    return symbols;
}

PollTargets::Providers const* PollTargets::list_of(Job const& job) {
    return &*lists_.insert(job.config.providers).first;
}

void PollTargets::link(Job const& job, std::span<Number const> targets) {
    auto const* const providers = list_of(job);
    auto& [id, count] = *jobs_.try_emplace(job.id).first;
    count += targets.size();
    Use const use{&id, job.active_since, static_cast<std::uint32_t>(job.config.interval.count())};
    for (Number const target : targets) {
        touched_.emplace_back(target, providers);
        Use& first = targets_[target].first;
        if (first.job == nullptr)
            first = use;
        else
            further_uses_.emplace(target, use);
    }
}

void PollTargets::unlink(Job const& job, std::span<Number const> targets) {
    auto const known = jobs_.find(job.id);
    if (known == jobs_.end()) return;
    auto const* const providers = list_of(job);
    for (Number const target : targets) {
        touched_.emplace_back(target, providers);
        if (remove(target, &known->first)) --known->second;
    }
    if (known->second == 0) jobs_.erase(known);
}

bool PollTargets::remove(Number target, std::string const* job) {
    auto [next, end] = further_uses_.equal_range(target);
    Use& first = targets_[target].first;
    if (first.job == job) {
        first = next == end ? Use() : next->second;
    } else {
        next = std::find_if(next, end, [job](auto const& use) { return use.second.job == job; });
        if (next == end) return false;
    }
    if (next != end) further_uses_.erase(next);
    return true;
}

std::vector<PollTargets::Move> PollTargets::settle() {
    std::vector<Move> moves;
    std::ranges::sort(touched_);
    auto const repeats = std::ranges::unique(touched_);
    touched_.erase(repeats.begin(), repeats.end());
    for (auto const& [number, providers] : touched_) {
        Target& target = targets_[number];
        Use shortest = target.first;
        auto const [further, end] = further_uses_.equal_range(number);
        for (auto use = further; use != end; ++use) {
            if (use->second.interval < shortest.interval)
                shortest = use->second;
            else if (use->second.interval == shortest.interval)
                shortest.since = std::min(shortest.since, use->second.since);
        }
        if (shortest.interval == target.placed) continue;
        auto const place = [list = providers](std::uint32_t interval) {
            return interval == 0 ? std::nullopt : std::optional(Place{list, std::chrono::seconds(interval)});
        };
        moves.push_back(Move{number, place(target.placed), place(shortest.interval), shortest.since});
        if (target.placed == 0) ++placed_;
        if (shortest.interval == 0) --placed_;
        target.placed = shortest.interval;
    }
    touched_ = std::vector<std::pair<Number, Providers const*>>();  // as many as there are targets, mostly once
    return moves;
}

}  // namespace mds
