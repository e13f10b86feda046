// How a plan becomes groups.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {
namespace {

/// A progress that lies further ahead of the clock than this was written under a clock that was wrong.
constexpr std::chrono::hours believable_lead{24};

bool same_demand(Job const& a, Job const& b) {
    return a.status == b.status && a.active_since == b.active_since && a.config.interval == b.config.interval &&
           a.config.providers == b.config.providers && a.config.symbols == b.config.symbols;
}

}  // namespace

void PollSchedule::apply(PollPlan const& plan, UtcTime now, SteadyTime steady) {
    if (!started_) {
        last_now_ = now;
        last_steady_ = steady;
    }
    apply_jobs(plan, now);
    std::set<Lane*> changed;
    for (auto& move : targets_.settle()) {
        if (move.from) {
            Lane& lane = lane_of(*move.from);
            lane.leaving.emplace_back(move.symbol, std::nullopt);
            changed.insert(&lane);
        }
        if (move.to) {
            Lane& lane = lane_of(*move.to);
            // A target that was polled elsewhere until now owes this lane nothing for the time before.
            bool const moved = started_ && move.from;
            lane.coming.emplace_back(std::move(move.symbol), moved ? now : move.since);
            changed.insert(&lane);
        }
    }
    for (auto& [name, lane] : lanes_) {
        auto const gained = [this](std::string const& shard) { return gained_.contains(shard); };
        if (std::ranges::any_of(lane->shards, gained)) changed.insert(lane.get());
    }
    for (Lane* const lane : changed) families_[lane->name];
    remember_progress(plan);
    for (Lane* const lane : changed) regroup(*lane, now, steady);
    started_ = true;
    gained_.clear();
    families_.clear();
}

void PollSchedule::apply_jobs(PollPlan const& plan, UtcTime now) {
    std::set<std::string_view> present;
    std::map<std::string_view, Unpolled> unpolled;
    for (auto const& target : plan.unpolled) unpolled[target.job].emplace(target.symbol, target.polled_at);
    for (auto const& job : plan.jobs) {
        if (job.status == JobStatus::cancelled) continue;
        present.insert(job.id);
        auto const [found, fresh] = jobs_.try_emplace(job.id);
        JobState& state = found->second;
        bool const linked = state.linked && !state.gone;
        bool const keep = !fresh && !state.gone && same_demand(state.job, job);
        if (linked && !keep) targets_.unlink(state.job);
        if (!keep && is_scheduled(job)) targets_.link(job);
        std::set<Symbol> due;
        for (auto const& [symbol, polled_at] : unpolled[job.id]) {
            // One that was polled within the interval, for this job before its change or for another one, is in time.
            if (is_scheduled(job) && (!polled_at || *polled_at <= now - job.config.interval)) due.insert(symbol);
        }
        state.update(job, keep, std::move(due));
        state.linked = is_scheduled(job);
        state.gone = false;
        if (state.tasks == 0 && !state.wants_poll()) wanting_.erase(job.id);
        if (state.wants_poll() && wanting_.insert(job.id).second) immediate_retry_ = SteadyTime{};
    }
    for (auto at = jobs_.begin(); at != jobs_.end();) {
        JobState& state = at->second;
        if (present.contains(state.job.id)) {
            ++at;
            continue;
        }
        if (state.linked) targets_.unlink(state.job);
        state.linked = false;
        state.gone = true;
        wanting_.erase(at->first);
        at = state.tasks == 0 ? jobs_.erase(at) : std::next(at);
    }
}

void PollSchedule::plan_read() {
    std::erase_if(settled_, [this](std::string const& id) {
        auto const found = jobs_.find(id);
        if (found == jobs_.end()) return true;
        JobState& state = found->second;
        state.served_earlier = std::exchange(state.served, {});
        return state.served_earlier.empty();
    });
}

void PollSchedule::JobState::update(Job const& changed, bool same, std::set<Symbol> unpolled) {
    bool const ticked = job.ticked || changed.ticked;
    if (!same) {
        if (job.config.providers != changed.config.providers) serving_added.clear();  // other targets than these
        job = changed;
        served.clear();
        served_earlier.clear();
    }
    job.ticked = ticked;
    job.run_requested = changed.run_requested;
    run_served = std::max(run_served, changed.run_done);
    added = std::move(unpolled);
    std::erase_if(added, [this](Symbol const& symbol) {
        return served.contains(symbol) || served_earlier.contains(symbol) || serving_added.contains(symbol);
    });
}

std::vector<Symbol> PollSchedule::JobState::serve() {
    std::vector<Symbol> symbols = wants_all() ? job.config.symbols : std::vector<Symbol>(added.begin(), added.end());
    serving = job.run_requested;
    serving_added = std::set<Symbol>(symbols.begin(), symbols.end());
    added.clear();
    failed = false;
    return symbols;
}

void PollSchedule::JobState::retry() {
    auto const tried = std::exchange(serving_added, {});
    if (wants_all()) return;
    for (Symbol const& symbol : tried) {
        if (has(symbol)) added.insert(symbol);
    }
}

void PollSchedule::JobState::settle() {
    job.ticked = true;
    run_served = serving;
    served.merge(std::exchange(serving_added, {}));
}

bool PollSchedule::JobState::has(Symbol const& symbol) const {
    return std::ranges::find(job.config.symbols, symbol) != job.config.symbols.end();
}

PollSchedule::Lane& PollSchedule::lane_of(PollTargets::Place const& place) {
    auto name = lane_name(*place.providers, place.interval);
    auto& lane = lanes_[name];
    if (!lane) {
        lane = std::make_unique<Lane>();
        lane->providers = *place.providers;
        lane->interval = place.interval;
        lane->name = std::move(name);
        lane->batch_max = std::max<std::size_t>(1, batch_max_(lane->providers.front()));
    }
    return *lane;
}

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

PollSchedule::Member* PollSchedule::Lane::find_member(Symbol const& symbol) {
    Member const wanted(symbol, std::nullopt);
    auto const found = std::ranges::lower_bound(members, wanted);
    return found == members.end() || *found != wanted ? nullptr : &*found;
}

/// Deals the lane's members anew. Groups whose name is still there keep everything but their members; those of other replicas' shards
/// are only counted.
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
            for (auto& member : members) member.since = member.since.value_or(now);
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
PollSchedule::Group& PollSchedule::deal(Lane& lane, Leaves const& former, Bucket const& bucket, std::string const& shard, UtcTime now,
                                        SteadyTime steady) {
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
    for (auto const& member : members) since = std::min(since, member.since.value_or(now));
    return since;
}

void PollSchedule::take_members(Group& group, std::span<Member> members) {
    for (auto& member : members) member.since.reset();
    if (group.symbols != nullptr && std::ranges::equal(*group.symbols, members, {}, {}, &Member::symbol)) return;
    emit_if_idle(group);
    std::vector<Symbol> symbols;
    symbols.reserve(members.size());
    for (auto const& member : members) symbols.push_back(member.symbol);
    group.symbols = std::make_shared<std::vector<Symbol> const>(std::move(symbols));
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

/// A group dealt anew has a phase of its own, so its members may wait up to two intervals, but not once more with every further change
/// of the jobs: where they would, the tick before is taken as well, now. It is not the ledger's.
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
    if (group.symbols != nullptr && group.state == Group::State::idle) emit(group, true);
}

void PollSchedule::retire(Group& group) {
    --live_groups_;
    group.retired = true;
    if (group.state != Group::State::idle) return;
    emit(group, true);
    groups_.erase(group.id);
}

/// Of the lanes that are about to be regrouped.
void PollSchedule::remember_progress(PollPlan const& plan) {
    for (auto const& [key, time] : plan.last_settled) {
        auto const colon = key.rfind(':');
        if (colon == std::string::npos) continue;
        auto const family = families_.find(std::string_view(key).substr(0, colon));
        if (family == families_.end()) continue;
        auto const prefix = parse_hash_prefix(std::string_view(key).substr(colon + 1));
        if (!prefix) continue;
        family->second.settled[*prefix] = time;
        family->second.depths |= std::uint64_t{1} << std::min(prefix->depth, 63);
    }
}

/// The last tick that ended under this name, that of a group which this one was split from, or one that was merged into it.
UtcTime PollSchedule::progress_of(Lane const& lane, HashPrefix prefix) const {
    UtcTime latest{};
    auto const found = families_.find(lane.name);
    if (found == families_.end()) return latest;
    auto const& [settled, depths] = found->second;
    for (int depth = 0; depth <= prefix.depth; ++depth) {
        if ((depths >> std::min(depth, 63) & 1) == 0) continue;
        std::uint64_t const mask = depth == 0 ? 0 : ~std::uint64_t{0} << (64 - depth);
        auto const entry = settled.find(HashPrefix(prefix.bits & mask, depth));
        if (entry != settled.end()) latest = std::max(latest, entry->second);
    }
    for (auto at = settled.lower_bound(prefix); at != settled.end() && prefix.covers(at->first.bits); ++at) {
        if (at->first.depth > prefix.depth) latest = std::max(latest, at->second);
    }
    return latest;
}

}  // namespace mds
