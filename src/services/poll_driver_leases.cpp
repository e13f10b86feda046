// Which shards the driver may poll, where replicas share them.
#include "services/poll_driver_state.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mds {

/// Rounds until the end.
Awaitable<void> PollDriver::Impl::keep_leases(std::shared_ptr<Impl> /*keeps this alive*/) {
    while (!stopping_) {
        if (loaded_) co_await lease_round();
        bool const came = co_await timer_.sleep_until(clock_.steady_now() + leases_->pause());
        if (!came) co_return;
    }
}

Awaitable<void> PollDriver::Impl::lease_round() {
    if (std::exchange(in_round_, true)) co_return;
    lapse_if_due();
    bool const settled = ledger_->idle();
    auto const idle = [this, settled](std::string const& shard) { return settled && schedule_.idle(shard); };
    bool const changed = co_await leases_->round(schedule_.shards(), idle);
    in_round_ = false;
    if (stopping_ || !changed) co_return;
    lose_shards();
    reload();
}

/// Shards that did not exist a moment ago: nobody has to wait for the next round.
Awaitable<void> PollDriver::Impl::round_now(std::shared_ptr<Impl> /*keeps this alive*/) {
    co_await lease_round();
}

std::set<std::string> PollDriver::Impl::shards_to_gain() {
    std::set<std::string> gained;
    if (!leases_ || leases_->lapsed(clock_.steady_now())) return gained;
    // After a lapse the plan tells where to go on only once what we still had to tell is in it.
    unsettled_ = unsettled_ && !ledger_->idle();
    if (unsettled_) return gained;
    std::ranges::set_difference(leases_->held(), schedule_.owned(), std::inserter(gained, gained.end()));
    std::erase_if(gained, [this](std::string const& shard) { return !schedule_.idle(shard); });
    return gained;
}

/// What may no longer be polled is not; what may be from now on waits for a plan that knows what others did.
void PollDriver::Impl::lose_shards() {
    lapse_if_due();
    std::set<std::string> kept;
    std::ranges::set_intersection(schedule_.owned(), leases_->held(), std::inserter(kept, kept.end()));
    if (kept.size() < schedule_.owned().size()) schedule_.own(std::move(kept), clock_.now());
    collect();
}

/// Before anything else that a poller does which was stopped or cut off for long: others may have its shards.
void PollDriver::Impl::lapse_if_due() {
    if (!leases_ || !leases_->lapsed(clock_.steady_now())) return;
    if (!schedule_.owned().empty()) {
        unsettled_ = true;
        metrics_.leases_lapsed.Increment();
        log_.warning("poller.leases_lapsed");
    }
    schedule_.lapse(clock_.now());
}

/// Others take over at once, not after the time to live.
Awaitable<void> PollDriver::Impl::leave(std::shared_ptr<Impl> /*keeps this alive*/) {
    co_await leases_->leave();
    ended_.set_value();
}

}  // namespace mds
