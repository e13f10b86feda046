#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/leases.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include "services/fetch_steps.hpp"
#include "services/observation_sink.hpp"
#include "services/poll_ledger.hpp"
#include "services/poll_metrics.hpp"
#include "services/poll_schedule.hpp"
#include "services/provider_gate.hpp"
#include "support/log.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mds {

struct PollFetchOptions {
    std::chrono::milliseconds deadline{10'000};  ///< of one request
    FetchStepOptions steps{};
};

/// Carries out one task: asks, fails over, retries, and hands every answer to ingest. Never looks into a cache. One I/O thread; outlives
/// its tasks.
class PollFetcher {
public:
    PollFetcher(ProviderDirectory& providers, ObservationSink& sink, PollLedger& ledger, ProviderGate& gate, Clock& clock, Timer& timer,
                Random& random, support::Log log, PollMetrics& metrics, PollFetchOptions options);

    /// Asked, with the task's id, before an answer goes to the store: by which lease this process may still say how its tick ended.
    /// By none: the prices are kept, and belong to no tick.
    using Charge = std::function<std::optional<Lease>(std::uint64_t)>;
    void ask_for_charge(Charge charge) { charge_ = std::move(charge); }

    /// `slot`: at the task's first provider. `storing` is called once nothing is left but to store.
    Awaitable<PollTaskEnd> run(PollTask task, ProviderGate::Slot slot, std::function<void()> storing);

private:
    struct Run;
    Awaitable<FetchAnswer> ask(std::string provider, std::vector<Symbol> symbols, SteadyTime deadline, FetchCause cause);
    Awaitable<ProviderGate::Slot> turn(SteadyTime not_before, std::string provider, SteadyTime give_up);
    Awaitable<ProviderGate::Slot> slot(std::string const& provider, SteadyTime give_up);
    Awaitable<bool> store(Observation observation);
    Observation observe(Run const& run, FetchStep const& step, FetchAnswer answer, bool last);
    Observation not_tried(Run const& run, FetchStep step);
    void remember_overdue(Run const& run);
    Awaitable<bool> store_unasked(Run const& run, FetchStep step);
    void note(Run& run, FetchStep const& step, FetchAnswer const& answer);
    void remember_spoilers(Run& run, FetchStep const& step, FetchAnswer const& answer);
    FetchAnswer refusal(std::vector<Symbol> const& symbols, Outcome outcome, std::string const& reason) const;
    PollTaskEnd end(Run const& run, bool settled) const;
    FetchSteps plan(PollTask const& task);

    ProviderDirectory& providers_;
    ObservationSink& sink_;
    PollLedger& ledger_;
    ProviderGate& gate_;
    Clock& clock_;
    Timer& timer_;
    Random& random_;
    support::Log log_;
    PollMetrics& metrics_;
    PollFetchOptions options_;
    Charge charge_ = [](std::uint64_t) { return std::optional(Lease()); };
    RetryBudget budget_;
    std::map<std::string, std::set<Symbol>> spoilers_;  ///< symbols that spoil a provider's batches
    std::map<std::string, std::set<Symbol>> overdue_;   ///< by group: symbols that had no turn in its last tick
};

}  // namespace mds
