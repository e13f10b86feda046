// Ticks that were not tried, gathered into ranges for the ledger.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {

bool PollSchedule::is_long(Group const& group) const {
    return !group.ranges.empty() && group.ranges.back().last - group.ranges.back().first >= options_.longest_open_range;
}

/// In its place: behind what was missed before it and before what was missed while it was under way. Also where the clock was set
/// back meanwhile: the tick was counted when it began.
void PollSchedule::miss_current(Group& group, MissedReason reason) {
    auto const later = std::ranges::find_if(group.ranges, [&](Range const& range) { return range.first > group.current; });
    if (later != group.ranges.begin()) {
        Range& before = *std::prev(later);
        if (before.reason == reason && before.last + group.grid.interval == group.current && before.targets == group.targets) {
            before.last = group.current;
            ++before.ticks;
            return;
        }
    }
    group.ranges.insert(later, Range{reason, group.current, group.current, 1, group.targets});
}

void PollSchedule::miss(Group& group, UtcTime first, UtcTime last, MissedReason reason) {
    if (first <= group.ledger_from) first = group.grid.after(group.ledger_from);
    if (first > last) return;
    auto const ticks = (last - first) / group.grid.interval + 1;
    if (!group.ranges.empty()) {
        Range& open = group.ranges.back();
        if (open.reason == reason && open.last + group.grid.interval == first && open.targets == group.targets) {
            open.last = last;
            open.ticks += ticks;
            if (group.state == Group::State::idle && is_long(group)) emit(group, true);
            return;
        }
    }
    group.ranges.push_back(Range{reason, first, last, ticks, group.targets});
    if (group.state == Group::State::idle) emit(group, false);
}

/// Hands out ranges; without `all` the last one is kept, since it may grow. Never while a tick before them is under way: the
/// progress of the group would pass it.
void PollSchedule::emit(Group& group, bool all) {
    std::size_t const count = group.ranges.size() - (all || group.ranges.empty() ? 0 : 1);
    for (std::size_t at = 0; at < count; ++at) {
        Range const& range = group.ranges[at];
        MissedRange missed;
        missed.group = group.key;
        missed.provider = group.lane->providers.front();
        missed.symbols = targets_.symbols(*range.targets);
        missed.interval = group.lane->interval;
        missed.first = range.first;
        missed.last = range.last;
        missed.ticks = range.ticks;
        missed.reason = range.reason;
        if (!sole_owner_) missed.lease = group.shard;
        missed_.push_back(std::move(missed));
    }
    group.ranges.erase(group.ranges.begin(), group.ranges.begin() + static_cast<std::ptrdiff_t>(count));
}

void PollSchedule::close_ranges() {
    for (auto& [id, group] : groups_) {
        if (group->state == Group::State::idle || group->state == Group::State::waiting) emit(*group, true);
    }
}

std::vector<MissedRange> PollSchedule::take_missed() {
    return std::exchange(missed_, {});
}

}  // namespace mds
