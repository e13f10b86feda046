// How the members of a lane are dealt into groups.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {
namespace {

/// A progress that lies further ahead of the clock than this was written under a clock that was wrong.
constexpr std::chrono::hours believable_lead{24};

}  // namespace

void PollSchedule::Lane::settle_members() {
    std::ranges::sort(coming);
    std::ranges::sort(leaving);
    std::vector<Member> staying;
    staying.reserve(members.size() + coming.size());
    std::ranges::set_difference(members, leaving, std::back_inserter(staying));
    auto const middle = static_cast<std::ptrdiff_t>(staying.size());
    std::ranges::move(coming, std::back_inserter(staying));
    std::ranges::inplace_merge(staying, staying.begin() + middle);
    members = std::move(staying);
    coming = std::vector<Member>();
    leaving = std::vector<Member>();
}

PollSchedule::Member PollSchedule::member(PollTargets::Number target, UtcTime since) const {
    return Member(stable_hash(targets_.symbol(target)), target, since);
}

PollSchedule::Member* PollSchedule::Lane::find_member(Member const& wanted) {
    auto const found = std::ranges::lower_bound(members, wanted);
    return found == members.end() || *found != wanted ? nullptr : &*found;
}

/// Deals the lane's members anew. Groups whose name is still there keep everything but their members; those of other replicas'
/// shards are only counted.
void PollSchedule::regroup(Lane& lane, UtcTime now, SteadyTime steady) {
    lane.settle_members();
    std::vector<std::uint64_t> hashes;
    hashes.reserve(lane.members.size());
    for (auto const& member : lane.members) hashes.push_back(member.hash);
    auto const shards = split_into_buckets(hashes, std::max(lane.batch_max, shard_targets));
    lane.shards.clear();
    for (Bucket const& shard : shards) lane.shards.push_back(lane.name + ':' + to_string(shard.prefix));
    Leaves const former = std::exchange(lane.groups, {});
    ++deals_;
    std::size_t shard = 0;
    for (Bucket const& bucket : split_into_buckets(hashes, lane.batch_max)) {
        while (!shards[shard].prefix.covers(bucket.prefix.bits)) ++shard;
        auto const members = std::span(lane.members).subspan(bucket.first, bucket.last - bucket.first);
        if (!owns(lane.shards[shard])) {
            for (auto& member : members) member.since = member.since_or(now);
            continue;
        }
        Group& group = deal(lane, former, bucket, lane.shards[shard], now, steady);
        group.dealt = deals_;
        lane.groups.emplace_back(bucket.prefix, &group);
    }
    for (auto const& [prefix, group] : former) {
        if (group->dealt != deals_) retire(*group);
    }
}

/// The group of the bucket: the former one of that name, or a new one.
PollSchedule::Group& PollSchedule::deal(Lane& lane, Leaves const& former, Bucket const& bucket, std::string const& shard,
                                        UtcTime now, SteadyTime steady) {
    auto const members = std::span(lane.members).subspan(bucket.first, bucket.last - bucket.first);
    auto const found = std::ranges::lower_bound(former, bucket.prefix, {}, &Leaves::value_type::first);
    bool const known = found != former.end() && found->first == bucket.prefix;
    Group& group = known ? *found->second : create_group(lane, bucket.prefix, earliest_since(members, now), now);
    bool taken_over = !started_;
    if (!known) {
        taken_over = taken_over || (gained_.contains(shard) && progress_of(lane, bucket.prefix) != UtcTime{});
        catch_up(group, earliest_turn(former, bucket.prefix).value_or(steady), now, steady);
    }
    group.shard = shard;
    take_members(group, members);
    if (taken_over) slept_through(group, now);
    return group;
}

UtcTime PollSchedule::earliest_since(std::span<Member const> members, UtcTime now) {
    UtcTime since = UtcTime::max();
    for (auto const& member : members) since = std::min(since, member.since_or(now));
    return since;
}

void PollSchedule::take_members(Group& group, std::span<Member> members) {
    for (auto& member : members) member.since = Member::ours;
    if (group.targets != nullptr && std::ranges::equal(*group.targets, members, {}, {}, &Member::target)) return;
    emit_if_idle(group);
    Targets targets;
    targets.reserve(members.size());
    for (auto const& member : members) targets.push_back(member.target);
    group.targets = std::make_shared<Targets const>(std::move(targets));
}

PollSchedule::Group& PollSchedule::create_group(Lane& lane, HashPrefix prefix, UtcTime since, UtcTime now) {
    auto group = std::make_unique<Group>(TickGrid(lane.name, lane.interval, prefix));
    group->lane = &lane;
    group->id = next_id_++;
    group->prefix = prefix;
    group->key = lane.name + ':' + to_string(prefix);
    UtcTime const settled = progress_of(lane, prefix);
    group->ledger_from = std::max(since, settled > now + believable_lead ? UtcTime{} : settled);
    group->next = group->grid.after(std::min(group->ledger_from, now));
    Group& made = *group;
    groups_.emplace(made.id, std::move(group));
    ++live_groups_;
    arm(made);
    return made;
}

/// Of the groups that a new one takes members from: the one that it was split from, or those that were merged into it.
std::optional<SteadyTime> PollSchedule::earliest_turn(Leaves const& former, HashPrefix prefix) {
    std::optional<SteadyTime> earliest;
    auto const take = [&earliest](Group const& group) { earliest = std::min(earliest.value_or(group.turn), group.turn); };
    auto const from = [&former](HashPrefix at) { return std::ranges::lower_bound(former, at, {}, &Leaves::value_type::first); };
    for (int depth = 0; depth < prefix.depth; ++depth) {
        std::uint64_t const mask = depth == 0 ? 0 : ~std::uint64_t{0} << (64 - depth);
        HashPrefix const above(prefix.bits & mask, depth);
        if (auto const found = from(above); found != former.end() && found->first == above) take(*found->second);
    }
    for (auto at = from(prefix); at != former.end() && prefix.covers(at->first.bits); ++at) take(*at->second);
    return earliest;
}

/// A group dealt anew has a phase of its own, so its members may wait up to two intervals, but not once more with every further
/// change of the jobs: where they would, the tick before is taken as well, now. It is not the ledger's.
void PollSchedule::catch_up(Group& group, SteadyTime turn, UtcTime now, SteadyTime steady) {
    group.turn = turn;
    if (!started_ || (steady - turn) + (group.next - now) <= 2 * group.grid.interval) return;
    group.next -= group.grid.interval;
    arm(group);
}

/// Ticks that were due while no poller ran: one range, and the next tick in its time, so that a start is no storm.
void PollSchedule::slept_through(Group& group, UtcTime now) {
    UtcTime const next = group.grid.after(now);
    if (next == group.next) return;
    miss(group, group.next, next - group.grid.interval, MissedReason::down_time);
    emit(group, true);
    group.next = next;
    arm(group);
}

void PollSchedule::emit_if_idle(Group& group) {
    if (group.targets != nullptr && group.state == Group::State::idle) emit(group, true);
}

void PollSchedule::retire(Group& group) {
    --live_groups_;
    group.retired = true;
    if (group.state != Group::State::idle) return;
    emit(group, true);
    groups_.erase(group.id);
}

}  // namespace mds
