// How a plan becomes groups.
#include "services/poll_schedule.hpp"
#include "services/poll_schedule_state.hpp"

#include <algorithm>
#include <utility>

namespace mds {
namespace {

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
