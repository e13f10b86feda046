// Which part of the schedule is this process's.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>

namespace mds {

std::vector<std::string> PollSchedule::shards() const {
    std::vector<std::string> all;
    for (auto const& [name, lane] : lanes_) all.insert(all.end(), lane->shards.begin(), lane->shards.end());
    all.emplace_back(immediate_shard);
    return all;
}

void PollSchedule::own(std::set<std::string> shards, UtcTime now) {
    for (auto const& shard : shards) {
        if (!owned_.contains(shard)) gained_.insert(shard);
    }
    std::erase_if(gained_, [&](std::string const& shard) { return !shards.contains(shard); });
    owned_ = std::move(shards);
    sole_owner_ = false;
    std::vector<Group*> lost;
    for (auto const& [id, group] : groups_) {
        if (!group->retired && !owns(group->shard)) lost.push_back(group.get());
    }
    // In one pass: a lapse loses every group there is, and each alone would shift all those behind it.
    for (auto const& [name, lane] : lanes_)
        std::erase_if(lane->groups, [this](auto const& leaf) { return !owns(leaf.second->shard); });
    // What was missed before a lapse is in nobody's ledger yet.
    for (Group* const group : lost) lose(*group, group->lapsed ? group->ledger_from : now);
}

void PollSchedule::lapse(UtcTime now) {
    for (auto const& [id, group] : groups_) {
        group->ranges.clear();
        group->lapsed = true;
    }
    own({}, now);
}

/// Of a group that its lane no longer names. Ticks up to `until` were ours, and are in the ledger; whoever polls them next reads
/// there where to go on.
void PollSchedule::lose(Group& group, UtcTime until) {
    Lane& lane = *group.lane;
    for (auto const target : *group.targets) {
        if (auto* const found = lane.find_member(member(target, Member::ours))) found->since = until;
    }
    retire(group);
}

bool PollSchedule::idle(std::string const& shard) const {
    if (shard == immediate_shard) return immediate_.empty();
    return std::ranges::none_of(
        groups_, [&](auto const& entry) { return entry.second->shard == shard && entry.second->state != Group::State::idle; });
}

bool PollSchedule::wants(std::uint64_t id) const {
    auto const found = groups_.find(id);
    return found == groups_.end() || !found->second->lapsed;
}

std::string PollSchedule::shard_of(std::uint64_t id) const {
    auto const found = groups_.find(id);
    return found == groups_.end() ? std::string() : found->second->shard;
}

}  // namespace mds
