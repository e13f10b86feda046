#include "services/poll_targets.hpp"

#include <algorithm>

namespace mds {

PollTargets::Target& PollTargets::touch(Key key) {
    Target& target = targets_[key];
    if (!target.touched) {
        target.touched = true;
        touched_.push_back(std::move(key));
    }
    return target;
}

PollTargets::Providers const* PollTargets::list_of(Job const& job) {
    return &*lists_.insert(job.config.providers).first;
}

void PollTargets::link(Job const& job) {
    auto const* const providers = list_of(job);
    auto& [id, targets] = *jobs_.try_emplace(job.id).first;
    targets += job.config.symbols.size();
    for (auto const& symbol : job.config.symbols) {
        touch(Key(providers, symbol)).uses.push_back(Use{&id, job.config.interval, job.active_since});
    }
}

void PollTargets::unlink(Job const& job) {
    auto const known = jobs_.find(job.id);
    if (known == jobs_.end()) return;
    auto const* const providers = list_of(job);
    for (auto const& symbol : job.config.symbols) {
        auto& uses = touch(Key(providers, symbol)).uses;
        known->second -= std::erase_if(uses, [&](Use const& use) { return use.job == &known->first; });
    }
    if (known->second == 0) jobs_.erase(known);
}

std::vector<PollTargets::Move> PollTargets::settle() {
    std::vector<Move> moves;
    for (auto& key : touched_) {
        auto const found = targets_.find(key);
        Target& target = found->second;
        target.touched = false;
        std::chrono::seconds interval{0};
        UtcTime since{};
        for (auto const& use : target.uses) {
            if (interval.count() == 0 || use.interval < interval) {
                interval = use.interval;
                since = use.since;
            } else if (use.interval == interval) {
                since = std::min(since, use.since);
            }
        }
        if (interval != target.interval) {
            auto const place = [&key](std::chrono::seconds of) {
                return of.count() == 0 ? std::nullopt : std::optional(Place{key.first, of});
            };
            moves.push_back(Move{key.second, place(target.interval), place(interval), since});
        }
        target.interval = interval;
        if (interval.count() == 0) targets_.erase(found);
    }
    touched_ = std::vector<Key>();  // as many as there are targets, mostly once
    return moves;
}

}  // namespace mds
