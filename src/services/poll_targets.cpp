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

void PollTargets::link(Job const& job) {
    Providers const* const providers = &*lists_.insert(job.config.providers).first;
    for (auto const& symbol : job.config.symbols) {
        touch(Key(providers, symbol)).uses.push_back(Use{job.id, job.config.interval, job.active_since});
    }
}

void PollTargets::unlink(Job const& job) {
    Providers const* const providers = &*lists_.insert(job.config.providers).first;
    for (auto const& symbol : job.config.symbols) {
        auto& uses = touch(Key(providers, symbol)).uses;
        std::erase_if(uses, [&](Use const& use) { return use.job == job.id; });
    }
}

std::vector<PollTargets::Move> PollTargets::settle() {
    std::vector<Move> moves;
    for (auto& key : touched_) {
        auto const found = targets_.find(key);
        Target& target = found->second;
        target.touched = false;
        std::optional<Place> place;
        UtcTime since{};
        for (auto const& use : target.uses) {
            if (!place || use.interval < place->interval) {
                place = Place{key.first, use.interval};
                since = use.since;
            } else if (use.interval == place->interval) {
                since = std::min(since, use.since);
            }
        }
        if (place != target.place) moves.push_back(Move{key.second, target.place, place, since});
        target.place = place;
        if (!place) targets_.erase(found);
    }
    touched_.clear();
    return moves;
}

}  // namespace mds
