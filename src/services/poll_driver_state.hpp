#pragma once
// What PollDriver keeps. Included by its own sources alone.

#include "services/poll_driver.hpp"

#include "services/provider_holds.hpp"

#include <atomic>
#include <cstdint>
#include <future>
#include <optional>
#include <set>
#include <string>

namespace mds {

class PollDriver::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(PollPlanStore& plans, ProviderDirectory& providers, ProviderHolds& holds, ObservationSink& sink, Clock& clock,
         Timer& timer, Random& random, IoExecutor executor, support::Log log, support::Metrics& metrics, PollDriverOptions options,
         Leases* leases);

    void start();
    void changed() noexcept;
    void interrupt() noexcept;
    /// Waiting coroutines own this object, and it them. Ends that: on the I/O thread while it runs, here once it has stopped.
    void release() noexcept;
    bool drain(SteadyTime deadline) noexcept;
    Health health() const;

private:
    struct Launch;

    void stop();
    void abandon() noexcept;
    void check_idle();
    void pump();
    void start_due(UtcTime now, SteadyTime steady);
    void arm(UtcTime now, SteadyTime steady);
    Awaitable<void> wake_at(std::shared_ptr<Impl> /*keeps this alive*/, SteadyTime when);

    // The plan.
    Awaitable<void> watch_plan(std::shared_ptr<Impl> /*keeps this alive*/);
    void reload();
    Awaitable<void> load(std::shared_ptr<Impl> /*keeps this alive*/);
    void take(PollPlan const& plan, std::set<std::string> const& gained);

    // What replicas share.
    Awaitable<void> keep_leases(std::shared_ptr<Impl> /*keeps this alive*/);
    Awaitable<void> lease_round();
    Awaitable<void> round_now(std::shared_ptr<Impl> /*keeps this alive*/);
    std::set<std::string> shards_to_gain();
    void lose_shards();
    void lapse_if_due();
    Awaitable<void> leave(std::shared_ptr<Impl> /*keeps this alive*/);

    // Tasks.
    void enqueue(PollTask task);
    void launch(PollTask task, ProviderGate::Slot slot);
    Awaitable<void> run(Launch launch);
    void collect();
    void clean_up_after_burst(SteadyTime steady);

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
    std::optional<SteadyTime> clean_up_at_;  ///< there was a burst
    std::optional<SteadyTime> armed_;
    std::atomic<bool> loaded_{false};
    std::atomic<bool> stopped_{false};
    std::promise<void> ended_;
    std::future<void> idle_;
};

}  // namespace mds
