#include "services/poll_driver.hpp"

#include "services/poll_driver_state.hpp"

#include "support/offload.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>

namespace mds {

PollDriver::Impl::Impl(PollPlanStore& plans, ProviderDirectory& providers, ProviderHolds& holds, ObservationSink& sink,
                       Clock& clock, Timer& timer, Random& random, IoExecutor executor, support::Log log, support::Metrics& metrics,
                       PollDriverOptions options, Leases* leases)
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
        leases_.emplace(*leases, Uuid::v7(clock.now(), random.next(), random.next()).to_string(), clock, metrics_, options.lease);
    }
}

void PollDriver::Impl::start() {
    net::post(executor_, [self = shared_from_this()] {
        if (self->leases_) self->schedule_.own({}, self->clock_.now());
        net::co_spawn(self->executor_, self->watch_plan(self), net::detached);
        if (self->leases_) net::co_spawn(self->executor_, self->keep_leases(self), net::detached);
    });
}

void PollDriver::Impl::changed() noexcept {
    net::post(executor_, [self = shared_from_this()] { self->reload(); });
}

void PollDriver::Impl::interrupt() noexcept {
    net::post(executor_, [self = shared_from_this()] { self->stop(); });
}

void PollDriver::Impl::release() noexcept {
    if (executor_.context().stopped()) return abandon();
    net::post(executor_, [self = shared_from_this()] {
        self->stop();
        self->abandon();
    });
}

bool PollDriver::Impl::drain(SteadyTime deadline) noexcept {
    interrupt();
    return idle_.wait_until(deadline) == std::future_status::ready;
}

Health PollDriver::Impl::health() const {
    Health health;
    health.ready = loaded_.load() && !stopped_.load();
    health.reason = health.ready ? "polling" : loaded_.load() ? "stopping" : "the plan is not loaded yet";
    return health;
}

void PollDriver::Impl::stop() {
    if (stopping_) return;
    stopping_ = true;
    stopped_ = true;
    gate_.close();
    timer_.cancel_all();
    schedule_.close_ranges();
    collect();
    check_idle();
}

void PollDriver::Impl::abandon() noexcept {
    gate_.abandon();
    ledger_->abandon();
}

void PollDriver::Impl::check_idle() {
    if (!stopping_ || tasks_ > 0 || !ledger_->idle() || drained_) return;
    drained_ = true;
    if (!leases_) return ended_.set_value();
    net::co_spawn(executor_, leave(shared_from_this()), net::detached);
}

/// Starts everything due and sees to it that it is called again in time.
void PollDriver::Impl::pump() {
    if (stopping_) return;
    SteadyTime const steady = clock_.steady_now();
    UtcTime const now = clock_.now();
    lapse_if_due();
    gate_.advance(steady);
    start_due(now, steady);
    metrics_.waiting.Set(static_cast<double>(gate_.waiting()));
    clean_up_after_burst(steady);
    arm(now, steady);
}

void PollDriver::Impl::start_due(UtcTime now, SteadyTime steady) {
    auto const jumps = schedule_.clock_jumps();
    for (auto& task : schedule_.advance(now, steady, sink_.accepting())) enqueue(std::move(task));
    if (schedule_.clock_jumps() != jumps) {
        metrics_.clock_jumps.Increment();
        log_.warning("poller.clock_jump");
    }
    collect();
}

void PollDriver::Impl::arm(UtcTime now, SteadyTime steady) {
    SteadyTime when = steady + options_.plan_every;
    if (auto const due = schedule_.next_due()) when = std::min(when, steady + (*due - now));
    if (auto const due = schedule_.immediate_due()) when = std::min(when, *due);
    if (auto const wake = gate_.next_wake()) when = std::min(when, *wake);
    when = std::max(when, steady + options_.wake_apart);
    if (armed_ && *armed_ <= when) return;
    armed_ = when;
    net::co_spawn(executor_, wake_at(shared_from_this(), when), net::detached);
}

Awaitable<void> PollDriver::Impl::wake_at(std::shared_ptr<Impl> /*keeps this alive*/, SteadyTime when) {
    bool const came = co_await timer_.sleep_until(when);
    if (!came || armed_ != when) co_return;  // cancelled, or a sooner wake-up took its place
    armed_.reset();
    pump();
}

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
