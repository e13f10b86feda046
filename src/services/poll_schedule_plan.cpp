// How a plan becomes groups.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {
namespace {

using Targets = std::vector<PollTargets::Number>;

Targets ascending(Targets targets) {
    std::ranges::sort(targets);
    return targets;
}

/// Of two ascending lists.
Targets united(Targets const& a, Targets const& b) {
    Targets both;
    std::ranges::set_union(a, b, std::back_inserter(both));
    return both;
}

}  // namespace

bool PollSchedule::same_demand(JobState const& state, Job const& job) const {
    auto const is = [this](PollTargets::Number target, Symbol const& symbol) { return targets_.symbol(target) == symbol.str(); };
    Job const& former = state.job;
    return former.status == job.status && former.active_since == job.active_since &&
           former.config.interval == job.config.interval && former.config.providers == job.config.providers &&
           std::ranges::equal(state.targets, job.config.symbols, is);
}

void PollSchedule::apply(PollPlan const& plan, UtcTime now, SteadyTime steady) {
    if (!started_) {
        last_now_ = now;
        last_steady_ = steady;
    }
    apply_jobs(plan, now);
    std::set<Lane*> changed;
    for (auto const& move : targets_.settle()) {
        if (move.from) {
            Lane& lane = lane_of(*move.from);
            lane.leaving.push_back(member(move.target, Member::ours));
            changed.insert(&lane);
        }
        if (move.to) {
            Lane& lane = lane_of(*move.to);
            // A target that was polled elsewhere until now owes this lane nothing for the time before.
            bool const moved = started_ && move.from;
            lane.coming.push_back(member(move.target, moved ? now : move.since));
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
    std::map<std::string_view, std::vector<UnpolledTarget const*>> unpolled;
    for (auto const& target : plan.unpolled) unpolled[target.job].push_back(&target);
    for (auto const& job : plan.jobs) {
        if (job.status == JobStatus::cancelled) continue;
        present.insert(job.id);
        apply_job(job, unpolled[job.id], now);
    }
    for (auto at = jobs_.begin(); at != jobs_.end();) {
        JobState& state = at->second;
        if (present.contains(state.job.id)) {
            ++at;
            continue;
        }
        if (state.linked) targets_.unlink(state.job, state.targets);
        state.linked = false;
        state.gone = true;
        wanting_.erase(at->first);
        at = state.tasks == 0 ? jobs_.erase(at) : std::next(at);
    }
}

void PollSchedule::apply_job(Job const& job, std::span<UnpolledTarget const* const> unpolled, UtcTime now) {
    auto const [found, fresh] = jobs_.try_emplace(job.id);
    JobState& state = found->second;
    if (fresh || state.gone || !same_demand(state, job)) {
        if (state.linked) targets_.unlink(state.job, state.targets);
        state.change(job, targets_.numbers_of(job));
        state.linked = is_scheduled(job);
        if (state.linked) targets_.link(job, state.targets);
    }
    Targets due;
    for (auto const* const target : unpolled) {
        // One that was polled within the interval, for this job before its change or for another one, is in time.
        bool const late = !target->polled_at || *target->polled_at <= now - job.config.interval;
        auto const number = targets_.find(job, target->symbol);
        if (is_scheduled(job) && late && number) due.push_back(*number);
    }
    state.update(job, ascending(std::move(due)));
    state.gone = false;
    if (state.tasks == 0 && !state.wants_poll()) wanting_.erase(job.id);
    if (state.wants_poll() && wanting_.insert(job.id).second) immediate_retry_ = SteadyTime{};
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

void PollSchedule::JobState::change(Job const& changed, Targets of_symbols) {
    bool const ticked = job.ticked;
    if (job.config.providers != changed.config.providers) serving_added.clear();  // other targets than these
    job = changed;
    job.config.symbols = std::vector<Symbol>();
    job.ticked = ticked;
    targets = std::move(of_symbols);
    served.clear();
    served_earlier.clear();
}

void PollSchedule::JobState::update(Job const& changed, Targets unpolled) {
    job.ticked = job.ticked || changed.ticked;
    job.run_requested = changed.run_requested;
    run_served = std::max(run_served, changed.run_done);
    added = std::move(unpolled);
    std::erase_if(added, [this](PollTargets::Number target) {
        return std::ranges::binary_search(served, target) || std::ranges::binary_search(served_earlier, target) ||
               std::ranges::binary_search(serving_added, target);
    });
}

PollSchedule::Targets PollSchedule::JobState::serve() {
    auto wanted = wants_all() ? ascending(targets) : std::exchange(added, {});
    added = Targets();
    serving = job.run_requested;
    serving_added = wanted;
    failed = false;
    return wanted;
}

void PollSchedule::JobState::retry() {
    auto const tried = std::exchange(serving_added, {});
    if (wants_all()) return;
    Targets again;
    std::ranges::set_intersection(tried, ascending(targets), std::back_inserter(again));
    added = united(added, again);
}

void PollSchedule::JobState::settle() {
    job.ticked = true;
    run_served = serving;
    served = united(served, std::exchange(serving_added, {}));
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
