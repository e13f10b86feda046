#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/provider.hpp>

#include "services/fetch_failure.hpp"
#include "services/latest_price.hpp"
#include "support/within.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mds {

/// A candidate of a read: the provider, and the series that its answers belong to.
struct Candidate {
    PriceProvider* provider;
    Series series;

    Candidate(PriceProvider& p, Series s) : provider(&p), series(std::move(s)) {}
};

/// What counts as fresh for one read.
struct Freshness {
    std::chrono::seconds max_age{0};
    UtcTime
        arrived;  ///< of the read: what was fetched since then is fresh whatever `max_age`, so that simultaneous reads share a call

    /// A time from the future (the clock was set back) proves as little as one from the past.
    bool holds(UtcTime fetched_at, UtcTime now) const noexcept {
        if (fetched_at >= arrived && fetched_at <= now) return true;
        return max_age.count() > 0 && std::chrono::abs(now - fetched_at) <= max_age;
    }
};

/// How a walk down the candidates ended: a point, or the error to show.
struct Fetched {
    std::optional<PricePoint> point;
    PriceSource source = PriceSource::provider;
    std::vector<Fallback> fallback;
    Error error;
};

/// Asks providers for reads: one call per series at a time, however many wait for it; failures are remembered. An answer goes
/// through ingest before anybody sees it. Fetch thread only: its state has no lock. Flights keep it alive.
class LatestFetch : public std::enable_shared_from_this<LatestFetch> {
public:
    LatestFetch(LatestCache& cache, ProviderHolds& holds, Ingest& ingest, Clock& clock, Random& random, IoExecutor fetch_thread,
                support::Log log, support::Metrics& metrics, LatestPriceOptions const& options);

    /// Asks in order until one gives a price.
    Awaitable<Fetched> first_of(std::vector<Candidate> candidates, Freshness fresh);

private:
    struct Known {
        PricePoint point;
        PriceSource source;
    };
    using End = std::variant<Known, FetchFailure>;
    struct Flight {
        support::AsioTimer landed;  ///< never expires; cancelled on landing, which wakes all who wait
        std::optional<End> end;
    };
    class Landing;
    struct Memory {
        FetchFailure failure;
        SteadyTime until;
    };

    Awaitable<End> fetch(Candidate candidate, Freshness fresh, SteadyTime deadline);
    Awaitable<void> fly(Candidate candidate, std::shared_ptr<Flight> flight, SteadyTime deadline);
    Awaitable<End> store(Candidate const& candidate, Observation observation);
    std::optional<FetchFailure> refused(Candidate const& candidate);
    void remember(Candidate const& candidate, FetchFailure const& failure);
    Observation observation_of(Candidate const& candidate, FetchAnswer answer);

    LatestCache& cache_;
    ProviderHolds& holds_;
    Ingest& ingest_;
    Clock& clock_;
    Random& random_;
    IoExecutor fetch_thread_;
    support::Log log_;
    support::Metrics& metrics_;
    prometheus::Counter& joined_;
    prometheus::Counter& remembered_;
    prometheus::Counter& unstored_;
    LatestPriceOptions options_;

    std::map<Series, std::shared_ptr<Flight>> flights_;
    std::map<Series, Memory> failures_;
};

}  // namespace mds
