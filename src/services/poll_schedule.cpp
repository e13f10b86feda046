#include "services/poll_schedule.hpp"

#include "services/poll_schedule_state.hpp"
#include "support/backoff.hpp"

#include <algorithm>

namespace mds {

using std::chrono::microseconds;

PollSchedule::PollSchedule(BatchMax batch_max, ProviderGate const& gate, PollScheduleOptions options)
    : batch_max_(std::move(batch_max)), gate_(gate), options_(options) {}

PollSchedule::~PollSchedule() = default;

std::vector<PollTask> PollSchedule::advance(UtcTime now, SteadyTime steady, bool accepting) {
    std::vector<PollTask> tasks;
    if (!started_) return tasks;
    notice_jump(now, steady);
    while (!heap_.empty() && heap_.top().at <= now) {
        Due const due = heap_.top();
        heap_.pop();
        auto const found = groups_.find(due.group);
        if (found == groups_.end() || found->second->retired || found->second->next != due.at) continue;
        tick(*found->second, now, steady, accepting, tasks);
        arm(*found->second);
    }
    if (accepting && !wanting_.empty() && owns(immediate_shard) && steady >= immediate_retry_) start_immediate(now, steady, tasks);
    return tasks;
}

void PollSchedule::arm(Group& group) {
    Due due;
    due.at = group.next;
    due.group = group.id;
    heap_.push(due);
}

std::optional<UtcTime> PollSchedule::next_due() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.top().at;
}

/// Decides about every tick up to `now`: the newest is tried if it can be, the ones before it were slept through.
void PollSchedule::tick(Group& group, UtcTime now, SteadyTime steady, bool accepting, std::vector<PollTask>& tasks) {
    UtcTime const first = group.next;
    microseconds const interval = group.grid.interval;
    UtcTime const due = first + (now - first) / interval * interval;
    group.next = due + interval;
    group.turn = steady;
    if (group.state == Group::State::storing) return miss(group, first, due, MissedReason::store_down);
    if (group.state != Group::State::idle) return miss(group, first, due, MissedReason::overrun);
    if (first < due) miss(group, first, due - interval, MissedReason::down_time);
    if (!accepting) return miss(group, due, due, MissedReason::store_down);
    if (!start(group, due, now, steady, tasks)) miss(group, due, due, why_not_asked(group, steady));
}

bool PollSchedule::start(Group& group, UtcTime due, UtcTime now, SteadyTime steady, std::vector<PollTask>& tasks) {
    PollTask task;
    task.providers = allowed(group.lane->providers, &group, steady);
    if (task.providers.empty()) return false;
    group.state = Group::State::waiting;
    group.current = due;
    group.current_counts = due > group.ledger_from;
    task.id = group.id;
    task.group = group.key;
    task.symbols = std::make_shared<std::vector<Symbol> const>(targets_.symbols(*group.targets));
    task.interval = group.lane->interval;
    if (group.current_counts) task.due = due;
    task.scheduled = due;
    task.give_up = steady + (group.next - now);
    tasks.push_back(std::move(task));
    return true;
}

std::vector<std::string> PollSchedule::allowed(std::vector<std::string> const& providers, Group const* group,
                                               SteadyTime steady) const {
    std::vector<std::string> open;
    for (auto const& provider : providers) {
        if (gate_.held(provider, steady)) continue;
        if (group != nullptr) {
            auto const found = group->back_offs.find(provider);
            if (found != group->back_offs.end() && found->second.until > steady) continue;
        }
        open.push_back(provider);
    }
    return open;
}

MissedReason PollSchedule::why_not_asked(Group const& group, SteadyTime steady) const {
    auto const spent = [&](std::string const& provider) { return gate_.out_of_quota(provider, steady); };
    return std::ranges::any_of(group.lane->providers, spent) ? MissedReason::quota : MissedReason::provider_wait;
}

void PollSchedule::launched(std::uint64_t id) {
    auto const found = groups_.find(id);
    if (found == groups_.end()) return;
    found->second->state = Group::State::fetching;
    emit(*found->second, true);
}

void PollSchedule::storing(std::uint64_t id) {
    auto const found = groups_.find(id);
    if (found != groups_.end() && found->second->state != Group::State::idle) found->second->state = Group::State::storing;
}

void PollSchedule::finished(PollTaskEnd const& end, SteadyTime steady, Random& random) {
    auto const found = groups_.find(end.id);
    if (found == groups_.end()) return finish_immediate(end, steady);
    Group& group = *found->second;
    if (!end.settled && group.current_counts && !group.lapsed) {
        miss_current(group, end.tried ? MissedReason::store_down : why_not_asked(group, steady));
    }
    group.state = Group::State::idle;
    for (auto const& provider : end.answered) group.back_offs.erase(provider);
    for (auto const& provider : end.failed) {
        auto& back_off = group.back_offs[provider];
        back_off.until =
            steady + support::full_jitter(back_off.failures, options_.back_off.base, options_.back_off.cap, random.next());
        ++back_off.failures;
    }
    // Where more is asked for than the provider may be sent, the next tick may not be tried either: one range for all of them.
    bool const open = !end.tried && !group.retired && !is_long(group);
    emit(group, !open);
    if (group.retired) groups_.erase(found);
}

std::vector<JobProgress> PollSchedule::take_progress() {
    return std::exchange(progress_, {});
}

/// The steady clock says what the wall clock should show. Where it shows something else, every group begins anew on its grid.
void PollSchedule::notice_jump(UtcTime now, SteadyTime steady) {
    auto const expected = last_now_ + std::chrono::duration_cast<microseconds>(steady - last_steady_);
    auto const gained = now - expected;
    last_now_ = now;
    last_steady_ = steady;
    if (gained <= options_.jump && gained >= -options_.jump) return;
    ++jumps_;
    heap_ = {};
    for (auto& [id, group] : groups_) {
        if (!group->retired) jump_group(*group, now);
    }
}

/// Forward: the ticks that were skipped become a range. Backward: the ticks up to the old time have ended already; their times are
/// polled again, since prices must go on, but outside the ledger, where each tick ends once. A range without ticks marks the place.
void PollSchedule::jump_group(Group& group, UtcTime now) {
    UtcTime const next = group.grid.after(now);
    if (next > group.next) {
        miss(group, group.next, next - group.grid.interval, MissedReason::clock_jump);
    } else {
        group.ledger_from = std::max(group.ledger_from, group.next - group.grid.interval);
        Range mark{MissedReason::clock_jump, group.ledger_from + group.grid.interval, group.ledger_from, 0, group.targets};
        group.ranges.push_back(mark);
        if (group.state == Group::State::idle) emit(group, true);
    }
    group.next = next;
    arm(group);
}

void PollSchedule::start_immediate(UtcTime now, SteadyTime steady, std::vector<PollTask>& tasks) {
    immediate_retry_ = steady + options_.immediate_rescan;
    std::map<std::vector<std::string>, std::vector<JobState*>> wanted;
    for (auto const& id : wanting_) {
        JobState& state = jobs_.at(id);
        if (state.tasks == 0 && state.not_before <= steady) wanted[state.job.config.providers].push_back(&state);
    }
    for (auto const& [providers, jobs] : wanted) {
        auto const open = allowed(providers, nullptr, steady);
        if (!open.empty()) start_immediate(open, jobs, now, steady, tasks);
    }
}

/// Of jobs with the same providers: each target is asked for once, whoever wants it.
void PollSchedule::start_immediate(std::vector<std::string> const& open, std::span<JobState* const> jobs, UtcTime now,
                                   SteadyTime steady, std::vector<PollTask>& tasks) {
    std::vector<std::pair<PollTargets::Number, JobState*>> wants;
    for (JobState* const state : jobs) {
        for (auto const target : state->serve()) wants.emplace_back(target, state);
    }
    std::ranges::sort(wants);
    std::size_t const batch_max = batch_max_(open.front());
    for (auto at = wants.begin(); at != wants.end();) {
        Targets batch;
        std::set<JobState*> served;
        for (; at != wants.end() && (batch.size() < batch_max || batch.back() == at->first); ++at) {
            if (batch.empty() || batch.back() != at->first) batch.push_back(at->first);
            served.insert(at->second);
        }
        PollTask task;
        task.id = next_id_++;
        task.symbols = std::make_shared<std::vector<Symbol> const>(targets_.symbols(batch));
        task.providers = open;
        task.cause = FetchCause::immediate;
        task.scheduled = now;
        task.give_up = steady + options_.immediate_patience;
        Immediate& immediate = immediate_[task.id];
        for (JobState* const state : served) {
            ++state->tasks;
            immediate.jobs.push_back(state->job.id);
        }
        tasks.push_back(std::move(task));
    }
}

void PollSchedule::finish_immediate(PollTaskEnd const& end, SteadyTime steady) {
    auto const found = immediate_.find(end.id);
    if (found == immediate_.end()) return;
    for (auto const& id : found->second.jobs) {
        auto const job = jobs_.find(id);
        JobState& state = job->second;
        state.failed = state.failed || !end.settled;
        if (--state.tasks > 0) continue;
        if (state.gone) {
            jobs_.erase(job);
        } else if (state.failed) {
            state.retry();
            state.not_before = steady + options_.immediate_pause;
            if (!state.wants_poll()) wanting_.erase(id);
        } else {
            state.settle();
            settled_.push_back(id);
            progress_.push_back(JobProgress{id, true, state.serving});
            if (!state.wants_poll()) wanting_.erase(id);
        }
    }
    immediate_.erase(found);
}

}  // namespace mds
