#include "services/poll_driver.hpp"

#include "support/offload.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <iterator>
#include <set>

namespace mds {

class PollDriver::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(PollPlanStore& plans, ProviderDirectory& providers, ProviderHolds& holds, ObservationSink& sink, Clock& clock,
         Timer& timer, Random& random, IoExecutor executor, support::Log log, support::Metrics& metrics, PollDriverOptions options,
         Leases* leases)
        : plans_(plans),
          providers_(providers),
          holds_(holds),
          sink_(sink),
          clock_(clock),
          timer_(timer),
          random_(random),
          executor_(executor),
          log_(log),
          options_(options),
          metrics_(metrics),
          gate_(std::max<std::size_t>(1, options.requests_per_provider), holds),
          schedule_([this](std::string const& name) { return batch_max_of(providers_, name); }, gate_, options.schedule),
          ledger_(std::make_shared<PollLedger>(plans, clock, timer, random, executor, log, metrics_, [this] { check_idle(); })),
          fetcher_(providers, sink, *ledger_, gate_, clock, timer, random, log, metrics_, options.fetch),
          idle_(ended_.get_future()) {
        holds.keep_with([ledger = std::weak_ptr(ledger_), &clock](auto const& provider, SteadyTime until) {
            auto const over = ProviderHolds::worth_keeping(until, clock);
            auto const keeper = ledger.lock();
            if (keeper && over) keeper->hold(provider, *over);
        });
        if (leases != nullptr) {
            fetcher_.ask_for_charge([this](std::uint64_t task) -> std::optional<Lease> {
                lapse_if_due();
                if (!schedule_.wants(task)) return std::nullopt;
                return leases_->lease(schedule_.shard_of(task));
            });
            leases_.emplace(*leases, Uuid::v7(clock.now(), random.next(), random.next()).to_string(), clock, metrics_,
                            options.lease);
        }
    }

    void start() {
        net::post(executor_, [self = shared_from_this()] {
            if (self->leases_) self->schedule_.own({}, self->clock_.now());
            net::co_spawn(self->executor_, self->watch_plan(self), net::detached);
            if (self->leases_) net::co_spawn(self->executor_, self->keep_leases(self), net::detached);
        });
    }

    void changed() noexcept {
        net::post(executor_, [self = shared_from_this()] { self->reload(); });
    }

    void interrupt() noexcept {
        net::post(executor_, [self = shared_from_this()] { self->stop(); });
    }

    /// Waiting coroutines own this object, and it them. Ends that: on the I/O thread while it runs, here once it has stopped.
    void release() noexcept {
        if (executor_.context().stopped()) return abandon();
        net::post(executor_, [self = shared_from_this()] {
            self->stop();
            self->abandon();
        });
    }

    bool drain(SteadyTime deadline) noexcept {
        interrupt();
        return idle_.wait_until(deadline) == std::future_status::ready;
    }

    Health health() const {
        Health health;
        health.ready = loaded_.load() && !stopped_.load();
        health.reason = health.ready ? "polling" : loaded_.load() ? "stopping" : "the plan is not loaded yet";
        return health;
    }

private:
    void stop() {
        if (stopping_) return;
        stopping_ = true;
        stopped_ = true;
        gate_.close();
        timer_.cancel_all();
        schedule_.close_ranges();
        collect();
        check_idle();
    }

    void abandon() noexcept {
        gate_.abandon();
        ledger_->abandon();
    }

    void check_idle() {
        if (!stopping_ || tasks_ > 0 || !ledger_->idle() || drained_) return;
        drained_ = true;
        if (!leases_) return ended_.set_value();
        net::co_spawn(executor_, leave(shared_from_this()), net::detached);
    }

    /// Others take over at once, not after the time to live.
    Awaitable<void> leave(std::shared_ptr<Impl> /*keeps this alive*/) {
        co_await leases_->leave();
        ended_.set_value();
    }

    /// Rounds until the end.
    Awaitable<void> keep_leases(std::shared_ptr<Impl> /*keeps this alive*/) {
        while (!stopping_) {
            if (loaded_) co_await lease_round();
            bool const came = co_await timer_.sleep_until(clock_.steady_now() + leases_->pause());
            if (!came) co_return;
        }
    }

    Awaitable<void> lease_round() {
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

    /// What may no longer be polled is not; what may be from now on waits for a plan that knows what others did.
    void lose_shards() {
        lapse_if_due();
        std::set<std::string> kept;
        std::ranges::set_intersection(schedule_.owned(), leases_->held(), std::inserter(kept, kept.end()));
        if (kept.size() < schedule_.owned().size()) schedule_.own(std::move(kept), clock_.now());
        collect();
    }

    /// Before anything else that a poller does which was stopped or cut off for long: others may have its shards.
    void lapse_if_due() {
        if (!leases_ || !leases_->lapsed(clock_.steady_now())) return;
        if (!schedule_.owned().empty()) {
            unsettled_ = true;
            metrics_.leases_lapsed.Increment();
            log_.warning("poller.leases_lapsed");
        }
        schedule_.lapse(clock_.now());
    }

    Awaitable<void> watch_plan(std::shared_ptr<Impl> /*keeps this alive*/) {
        while (!stopping_) {
            reload();
            bool const came = co_await timer_.sleep_until(clock_.steady_now() + options_.plan_every);
            if (!came) co_return;
        }
    }

    void reload() {
        if (stopping_) return;
        again_ = loading_;
        if (loading_) return;
        loading_ = true;
        net::co_spawn(executor_, load(shared_from_this()), net::detached);
    }

    Awaitable<void> load(std::shared_ptr<Impl> /*keeps this alive*/) {
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

    std::set<std::string> shards_to_gain() {
        std::set<std::string> gained;
        if (!leases_ || leases_->lapsed(clock_.steady_now())) return gained;
        // After a lapse the plan tells where to go on only once what we still had to tell is in it.
        unsettled_ = unsettled_ && !ledger_->idle();
        if (unsettled_) return gained;
        std::ranges::set_difference(leases_->held(), schedule_.owned(), std::inserter(gained, gained.end()));
        std::erase_if(gained, [this](std::string const& shard) { return !schedule_.idle(shard); });
        return gained;
    }

    void take(PollPlan const& plan, std::set<std::string> const& gained) {
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
        if (leases_ && leases_->wants_round(schedule_.shards()))
            net::co_spawn(executor_, round_now(shared_from_this()), net::detached);
        loaded_ = true;
        metrics_.targets.Set(static_cast<double>(schedule_.target_count()));
        metrics_.groups.Set(static_cast<double>(schedule_.group_count()));
        log_.info("poller.plan", {{"revision", plan.revision},
                                  {"jobs", plan.jobs.size()},
                                  {"targets", schedule_.target_count()},
                                  {"groups", schedule_.group_count()}});
    }

    /// Shards that did not exist a moment ago: nobody has to wait for the next round.
    Awaitable<void> round_now(std::shared_ptr<Impl> /*keeps this alive*/) { co_await lease_round(); }

    /// Starts everything due and sees to it that it is called again in time.
    void pump() {
        if (stopping_) return;
        SteadyTime const steady = clock_.steady_now();
        UtcTime const now = clock_.now();
        lapse_if_due();
        gate_.advance(steady);
        start_due(now, steady);
        metrics_.waiting.Set(static_cast<double>(gate_.waiting()));
        arm(now, steady);
    }

    void start_due(UtcTime now, SteadyTime steady) {
        auto const jumps = schedule_.clock_jumps();
        for (auto& task : schedule_.advance(now, steady, sink_.accepting())) enqueue(std::move(task));
        if (schedule_.clock_jumps() != jumps) {
            metrics_.clock_jumps.Increment();
            log_.warning("poller.clock_jump");
        }
        collect();
    }

    void arm(UtcTime now, SteadyTime steady) {
        SteadyTime when = steady + options_.plan_every;
        if (auto const due = schedule_.next_due()) when = std::min(when, steady + (*due - now));
        if (auto const due = schedule_.immediate_due()) when = std::min(when, *due);
        if (auto const wake = gate_.next_wake()) when = std::min(when, *wake);
        when = std::max(when, steady + options_.wake_apart);
        if (armed_ && *armed_ <= when) return;
        armed_ = when;
        net::co_spawn(executor_, wake_at(shared_from_this(), when), net::detached);
    }

    Awaitable<void> wake_at(std::shared_ptr<Impl> /*keeps this alive*/, SteadyTime when) {
        bool const came = co_await timer_.sleep_until(when);
        if (!came || armed_ != when) co_return;  // cancelled, or a sooner wake-up took its place
        armed_.reset();
        pump();
    }

    void enqueue(PollTask task) {
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

    /// A task that begins. In this order, also where its coroutine is destroyed before it ever ran: the driver must outlive the
    /// slot.
    struct Launch {
        std::shared_ptr<Impl> self;
        PollTask task;
        ProviderGate::Slot slot;

        void operator()() {
            Impl& driver = *self;
            net::co_spawn(driver.executor_, driver.run(std::move(*this)), net::detached);
        }
    };

    void launch(PollTask task, ProviderGate::Slot slot) {
        ++tasks_;
        metrics_.in_flight.Set(static_cast<double>(tasks_));
        if (!task.group.empty()) {
            auto const late = std::chrono::duration<double>(clock_.now() - task.scheduled);
            metrics_.lateness.Observe(std::max(0.0, late.count()));
        }
        // Posted, so that no provider runs inside the schedule.
        net::post(executor_, Launch{shared_from_this(), std::move(task), std::move(slot)});
    }

    Awaitable<void> run(Launch launch) {
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

    void collect() {
        auto missed = schedule_.take_missed();
        for (MissedRange& range : missed) {
            auto const lease = leases_ ? leases_->lease(range.lease) : std::nullopt;
            if (lease) range.term = lease->term;
        }
        auto progress = schedule_.take_progress();
        if (!missed.empty() || !progress.empty()) ledger_->add(std::move(missed), std::move(progress));
    }

    PollPlanStore& plans_;
    ProviderDirectory& providers_;
    ProviderHolds& holds_;
    ObservationSink& sink_;
    Clock& clock_;
    Timer& timer_;
    Random& random_;
    IoExecutor executor_;
    support::Log log_;
    PollDriverOptions options_;
    PollMetrics metrics_;
    ProviderGate gate_;
    PollSchedule schedule_;
    std::shared_ptr<PollLedger> ledger_;
    PollFetcher fetcher_;
    std::optional<PollLeases> leases_;
    bool in_round_ = false;
    bool unsettled_ = false;  ///< ticks from before a lapse may not be on record yet

    std::optional<std::int64_t> revision_;
    bool loading_ = false;
    bool again_ = false;
    bool plan_failed_ = false;
    bool stopping_ = false;
    bool drained_ = false;
    std::size_t tasks_ = 0;
    std::optional<SteadyTime> armed_;
    std::atomic<bool> loaded_{false};
    std::atomic<bool> stopped_{false};
    std::promise<void> ended_;
    std::future<void> idle_;
};

PollDriver::PollDriver(PollPlanStore& plans, ProviderDirectory& providers, ProviderHolds& holds, ObservationSink& sink,
                       Clock& clock, Timer& timer, Random& random, IoExecutor fetch_thread, support::Log log,
                       support::Metrics& metrics, PollDriverOptions options, Leases* leases)
    : impl_(std::make_shared<Impl>(plans, providers, holds, sink, clock, timer, random, fetch_thread, std::move(log), metrics,
                                   options, leases)) {}

PollDriver::~PollDriver() {
    impl_->release();
}

void PollDriver::start() {
    impl_->start();
}
void PollDriver::changed() noexcept {
    impl_->changed();
}
void PollDriver::interrupt() noexcept {
    impl_->interrupt();
}
bool PollDriver::drain(SteadyTime deadline) noexcept {
    return impl_->drain(deadline);
}
Health PollDriver::health() const {
    return impl_->health();
}

}  // namespace mds
