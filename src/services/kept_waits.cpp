#include "services/kept_waits.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mds {
namespace {

/// Tried once: a store that is away must not be waited for by reads, and the wait still holds in this process.
Awaitable<void> keep(PollPlanStore& plans, std::map<std::string, UtcTime> waits, support::Log log, prometheus::Counter& failures) {
    std::vector<MissedRange> const no_ranges;
    std::vector<JobProgress> const no_progress;
    auto const kept = co_await plans.record(no_ranges, no_progress, std::move(waits));
    if (kept) co_return;
    failures.Increment();
    log.warning("provider.wait_not_kept", {{"message", kept.error().message}});
}

}  // namespace

KeptWaits::KeptWaits(PollPlanStore& plans, ProviderHolds& holds, Clock& clock, IoExecutor fetch_thread, support::Log log,
                     support::Metrics& metrics)
    : plans_(plans), holds_(holds), clock_(clock) {
    auto& failures = metrics.counter("mds_provider_waits_not_kept_total", "Waits a provider asked for that could not be stored");
    holds.keep_with([&plans, &clock, &failures, fetch_thread, log = std::move(log)](auto const& provider, SteadyTime until) {
        auto const over = ProviderHolds::worth_keeping(until, clock);
        if (!over) return;
        std::map<std::string, UtcTime> waits;
        waits.emplace(provider, *over);
        net::co_spawn(fetch_thread, keep(plans, std::move(waits), log, failures), net::detached);
    });
}

Task<void> KeptWaits::recall() {
    auto const waits = co_await plans_.provider_waits();
    if (!waits) co_return waits.error();
    holds_.recall(*waits, clock_);
    co_return Result<void>();
}

}  // namespace mds
