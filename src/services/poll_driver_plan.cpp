// How the driver follows the plan.
#include "services/poll_driver_state.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {

Awaitable<void> PollDriver::Impl::watch_plan(std::shared_ptr<Impl> /*keeps this alive*/) {
    while (!stopping_) {
        reload();
        bool const came = co_await timer_.sleep_until(clock_.steady_now() + options_.plan_every);
        if (!came) co_return;
    }
}

void PollDriver::Impl::reload() {
    if (stopping_) return;
    again_ = loading_;
    if (loading_) return;
    loading_ = true;
    net::co_spawn(executor_, load(shared_from_this()), net::detached);
}

Awaitable<void> PollDriver::Impl::load(std::shared_ptr<Impl> /*keeps this alive*/) {
    auto const gained = shards_to_gain();
    auto known = revision_;
    if (!gained.empty()) known.reset();
    auto plan = co_await plans_.load(known);
    loading_ = false;
    if (stopping_) co_return;
    if (!plan) {
        metrics_.plan_failures.Increment();
        if (!std::exchange(plan_failed_, true)) log_.warning("poller.plan_failed", {{"message", plan.error().message}});
    } else {
        plan_failed_ = false;
        if (*plan) take(**plan, gained);
        schedule_.plan_read();
    }
    pump();
    if (std::exchange(again_, false)) reload();
}

void PollDriver::Impl::take(PollPlan const& plan, std::set<std::string> const& gained) {
    UtcTime const now = clock_.now();
    SteadyTime const steady = clock_.steady_now();
    if (!revision_) holds_.recall(plan.not_before, clock_);
    // What came due until now is decided about before its group may end.
    start_due(now, steady);
    revision_ = plan.revision;
    if (!gained.empty() && !leases_->lapsed(steady)) {
        auto mine = schedule_.owned();
        std::ranges::set_intersection(gained, leases_->held(), std::inserter(mine, mine.end()));
        schedule_.own(std::move(mine), now);
    }
    schedule_.apply(plan, now, steady);
    if (leases_ && leases_->wants_round(schedule_.shards())) net::co_spawn(executor_, round_now(shared_from_this()), net::detached);
    loaded_ = true;
    metrics_.targets.Set(static_cast<double>(schedule_.target_count()));
    metrics_.groups.Set(static_cast<double>(schedule_.group_count()));
    log_.info("poller.plan", {{"revision", plan.revision},
                              {"jobs", plan.jobs.size()},
                              {"targets", schedule_.target_count()},
                              {"groups", schedule_.group_count()}});
}

}  // namespace mds
