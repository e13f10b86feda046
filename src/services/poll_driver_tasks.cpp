// From a due tick to its end.
#include "services/poll_driver_state.hpp"

#include "support/free_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace mds {

/// A task that begins. In this order, also where its coroutine is destroyed before it ever ran: the driver must outlive the
/// slot.
struct PollDriver::Impl::Launch {
    std::shared_ptr<Impl> self;
    PollTask task;
    ProviderGate::Slot slot;

    void operator()() {
        Impl& driver = *self;
        net::co_spawn(driver.executor_, driver.run(std::move(*this)), net::detached);
    }
};

void PollDriver::Impl::enqueue(PollTask task) {
    std::string const provider = task.providers.front();
    SteadyTime const give_up = task.give_up;
    auto const shared = std::make_shared<PollTask>(std::move(task));
    gate_.request(provider, clock_.steady_now(), give_up, [this, shared](ProviderGate::Slot slot) {
        if (slot && schedule_.wants(shared->id)) {
            schedule_.launched(shared->id);
            collect();
            return launch(std::move(*shared), std::move(slot));
        }
        if (stopping_) return;  // the next start finds the tick not tried
        PollTaskEnd end;
        end.id = shared->id;
        end.tried = false;
        schedule_.finished(end, clock_.steady_now(), random_);
    });
}

void PollDriver::Impl::launch(PollTask task, ProviderGate::Slot slot) {
    ++tasks_;
    metrics_.in_flight.Set(static_cast<double>(tasks_));
    clean_up_after_burst(clock_.steady_now());
    if (!task.group.empty()) {
        auto const late = std::chrono::duration<double>(clock_.now() - task.scheduled);
        metrics_.lateness.Observe(std::max(0.0, late.count()));
    }
    // Posted, so that no provider runs inside the schedule.
    net::post(executor_, Launch{shared_from_this(), std::move(task), std::move(slot)});
}

Awaitable<void> PollDriver::Impl::run(Launch launch) {
    std::function<void()> storing = [this, id = launch.task.id] { schedule_.storing(id); };
    PollTaskEnd end;
    end.id = launch.task.id;
    try {
        end = co_await fetcher_.run(std::move(launch.task), std::move(launch.slot), std::move(storing));
    } catch (std::exception const& fault) {
        // A fault of ours must not leave the group under way for ever: its tick is missed, and the next one comes.
        metrics_.faults.Increment();
        log_.error("poller.fault", {{"detail", fault.what()}});
    }
    --tasks_;
    metrics_.in_flight.Set(static_cast<double>(tasks_));
    lapse_if_due();
    schedule_.finished(end, clock_.steady_now(), random_);
    collect();
    if (stopping_) check_idle();
}

/// The first polls of many new targets wait for the store all at once, with their answers. What that took is given back when it is
/// over, and the plans that follow from it are read as well.
void PollDriver::Impl::clean_up_after_burst(SteadyTime steady) {
    constexpr std::size_t burst = 16;
    constexpr std::chrono::seconds settled{10};
    if (tasks_ >= burst) clean_up_at_ = steady + settled;
    if (!clean_up_at_ || *clean_up_at_ > steady) return;
    clean_up_at_.reset();
    support::give_back_free_memory();
}

void PollDriver::Impl::collect() {
    auto missed = schedule_.take_missed();
    for (MissedRange& range : missed) {
        auto const lease = leases_ ? leases_->lease(range.lease) : std::nullopt;
        if (lease) range.term = lease->term;
    }
    auto progress = schedule_.take_progress();
    if (!missed.empty() || !progress.empty()) ledger_->add(std::move(missed), std::move(progress));
}

}  // namespace mds
