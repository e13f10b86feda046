#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/price_cache.hpp>
#include <mds/ports/price_reads.hpp>
#include <mds/ports/provider.hpp>
#include <mds/ports/task.hpp>

#include "services/ingest.hpp"
#include "services/latest_cache.hpp"
#include "services/provider_holds.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mds {

enum class OnStale { fetch, serve, error };
enum class PriceSource { memory, cache, store, provider };
std::string_view to_string(PriceSource source) noexcept;

struct LatestRequest {
    Symbol symbol;
    std::vector<std::string> providers;  ///< names or aliases, at least one; failover order where `automatic`
    bool automatic = false;
    std::optional<std::chrono::seconds> max_age;  ///< none: the configured one; 0: always fetch
    OnStale on_stale = OnStale::fetch;

    LatestRequest(Symbol s, std::vector<std::string> p) : symbol(std::move(s)), providers(std::move(p)) {}
};

/// A provider that was passed over before another one answered.
struct Fallback {
    std::string provider;
    Outcome outcome;
};

struct LatestAnswer {
    PricePoint point;
    PriceSource source = PriceSource::memory;
    std::chrono::milliseconds age{0};  ///< now - fetched_at, never negative
    bool stale = false;                ///< older than max_age
    std::vector<Fallback> fallback;

    LatestAnswer(PricePoint p, PriceSource from) : point(std::move(p)), source(from) {}
};

struct LatestPriceOptions {
    std::chrono::seconds max_age{60};
    std::chrono::seconds stale_if_error{86400};
    bool fetch = true;  ///< read.fetch
    std::chrono::seconds failed_fetch_memory{5};
    std::chrono::seconds unknown_symbol_memory{60};
    std::chrono::milliseconds store_budget{50};
    std::chrono::milliseconds fetch_deadline{10'000};  ///< of all providers of a failover order together
    std::chrono::milliseconds commit_budget{2000};     ///< a price that is not durable by then is not answered
};

/// GET /prices/latest behind its parameters: memory -> shared cache -> store -> provider, single flight per series, stale-if-error.
/// Freshness is judged by fetched_at alone. Any I/O thread; fetching runs on the fetch thread.
/// Of a failover order the first provider with a fresh price answers; nobody is called while one of them has one. Without, they are
/// called in order; every failure is a reason to try the next.
class LatestPriceService {
public:
    /// `shared`: nullptr where there is none. It hears of commits from whoever makes them; this service fills it from the store.
    LatestPriceService(LatestCache& cache, PriceReads& store, ProviderDirectory& providers, ProviderHolds& holds, Ingest& ingest,
                       Clock& clock, Random& random, IoExecutor fetch_thread, support::Log log, support::Metrics& metrics,
                       LatestPriceOptions options, PriceCache* shared = nullptr);
    ~LatestPriceService();

    /// Errors: invalid_argument (unknown provider, with the known ones), not_found, upstream_invalid, unavailable (with
    /// retry_after), timeout, internal; each with a message for the client.
    Task<LatestAnswer> get(LatestRequest request);

    LatestPriceOptions const& options() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace mds
