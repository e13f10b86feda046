#include "services/latest_price.hpp"

#include "services/latest_fetch.hpp"
#include "services/unknown_provider.hpp"
#include "support/offload.hpp"
#include "support/within.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <utility>

namespace mds {
namespace {

/// How long reads do without a store that failed or was too slow; each further try would only queue behind the stuck one.
constexpr std::chrono::seconds store_pause{1};

/// A price that is there, and from where.
struct Held {
    PricePoint point;
    PriceSource source;
};

/// What memory, shared cache and store know of the candidates.
struct LookUp {
    std::optional<Held> fresh;
    std::optional<Held> old;  ///< the newest of those that are not fresh
    bool store_answered = false;

    void take(PricePoint point, PriceSource source, bool is_fresh) {
        if (is_fresh)
            fresh.emplace(Held{std::move(point), source});
        else if (!old || old->point.fetched_at < point.fetched_at)
            old.emplace(Held{std::move(point), source});
    }
};

Error retry_soon(std::string message) {
    Error error(ErrorCode::unavailable, std::move(message));
    error.retry_after = std::chrono::seconds(1);
    return error;
}

}  // namespace

std::string_view to_string(PriceSource source) noexcept {
    switch (source) {
        case PriceSource::memory: return "memory";
        case PriceSource::cache: return "cache";
        case PriceSource::store: return "store";
        case PriceSource::provider: return "provider";
    }
    return "";
}

class LatestPriceService::Impl {
public:
    Impl(LatestCache& cache, PriceReads& store, ProviderDirectory& providers, ProviderHolds& holds, Ingest& ingest, Clock& clock,
         Random& random, IoExecutor fetch_thread, support::Log log, support::Metrics& metrics, LatestPriceOptions opts,
         PriceCache* shared)
        : options(opts),
          cache_(cache),
          shared_(shared),
          store_(store),
          providers_(providers),
          clock_(clock),
          fetch_thread_(fetch_thread),
          fetch_(std::make_shared<LatestFetch>(cache, holds, ingest, clock, random, fetch_thread, std::move(log), metrics, opts)),
          stale_(metrics.counter("mds_latest_price_stale_total", "Reads answered with a price older than max_age")),
          store_failures_(
              metrics.counter("mds_latest_price_store_failures_total", "Reads that went on without the store's answer")) {
        for (auto const source : {PriceSource::memory, PriceSource::cache, PriceSource::store, PriceSource::provider}) {
            answers_[static_cast<std::size_t>(source)] =
                &metrics.counter("mds_latest_price_answers_total", "Reads answered with a price, by source",
                                 {{"source", std::string(to_string(source))}});
        }
    }

    static Task<LatestAnswer> get(std::shared_ptr<Impl> self, LatestRequest request) {
        auto candidates = self->candidates_of(request);
        if (!candidates) co_return candidates.error();
        Freshness const fresh{request.max_age.value_or(self->options.max_age), self->clock_.now()};

        auto found = self->in_memory(*candidates, fresh);
        bool const at_once = found.old && request.on_stale == OnStale::serve;
        if (!found.fresh && !at_once && (fresh.max_age.count() > 0 || !found.old)) {
            found = co_await self->in_shared_cache(*candidates, fresh, std::move(found));
            if (!found.fresh) found = co_await self->in_store(*candidates, fresh, std::move(found));
        }
        if (found.fresh) co_return self->answer(std::move(*found.fresh), false);
        if (found.old && request.on_stale != OnStale::fetch)
            co_return self->old_as_asked(request, *candidates, fresh, std::move(*found.old));
        if (!self->options.fetch) co_return self->without_fetch(request, std::move(found));

        auto fetched = co_await support::run_on(self->fetch_thread_, self->fetch_->first_of(std::move(*candidates), fresh));
        if (fetched.point) {
            Held held{std::move(*fetched.point), fetched.source};
            auto answered = self->answer(std::move(held), false);
            answered.fallback = std::move(fetched.fallback);
            co_return answered;
        }
        if (!found.old || !self->good_enough(found.old->point)) co_return fetched.error;
        auto answered = self->answer(std::move(*found.old), true);
        answered.fallback = std::move(fetched.fallback);
        co_return answered;
    }

    LatestPriceOptions const options;

private:
    Result<std::vector<Candidate>> candidates_of(LatestRequest const& request) const {
        std::vector<Candidate> candidates;
        for (auto const& name : request.providers) {
            auto* const provider = providers_.find(name);
            if (provider == nullptr) return unknown_provider(name, providers_);
            candidates.emplace_back(*provider, Series(request.symbol, provider->traits().name));
        }
        return candidates;
    }

    LookUp in_memory(std::vector<Candidate> const& candidates, Freshness const& fresh) const {
        LookUp found;
        auto const now = clock_.now();
        for (auto const& [provider, series] : candidates) {
            cache_.visit(series.symbol.str(), series.provider, [&](CachedPrice const& cached) {
                found.take(cached.point(), PriceSource::memory, fresh.holds(cached.fetched_at(), now));
            });
            if (found.fresh) break;
        }
        return found;
    }

    /// Goes on from what memory knew: only what is newer than that counts.
    Awaitable<LookUp> in_shared_cache(std::vector<Candidate> const& candidates, Freshness const& fresh, LookUp found) {
        if (shared_ == nullptr) co_return found;
        for (auto const& [provider, series] : candidates) {
            auto known = co_await shared_->latest(series);
            if (!known || !cache_.offer(*known)) continue;
            found.take(*known, PriceSource::cache, fresh.holds(known->fetched_at, clock_.now()));
            if (found.fresh) break;
        }
        co_return found;
    }

    /// Goes on from what the caches knew. The budget is for all candidates together.
    Awaitable<LookUp> in_store(std::vector<Candidate> const& candidates, Freshness const& fresh, LookUp found) {
        auto const began = clock_.steady_now();
        if (began < store_away_until_.load(std::memory_order_relaxed)) co_return found;
        for (auto const& [provider, series] : candidates) {
            auto const spent = std::chrono::floor<std::chrono::milliseconds>(clock_.steady_now() - began);
            auto const left = std::max(std::chrono::milliseconds(0), options.store_budget - spent);
            auto stored = co_await support::within(left, store_.latest(series));
            if (!stored || stored->has_error()) {
                store_failures_.Increment();
                store_away_until_.store(clock_.steady_now() + store_pause, std::memory_order_relaxed);
                co_return found;
            }
            if (auto const& point = stored->value()) {
                cache_.offer(*point);
                if (shared_ != nullptr) shared_->offer(std::span(&*point, 1));
                found.take(*point, PriceSource::store, fresh.holds(point->fetched_at, clock_.now()));
                if (found.fresh) co_return found;
            }
        }
        found.store_answered = true;
        co_return found;
    }

    Result<LatestAnswer> old_as_asked(LatestRequest const& request, std::vector<Candidate>& candidates, Freshness fresh, Held old) {
        if (request.on_stale == OnStale::error) {
            return retry_soon("the price of " + request.symbol.str() + " is older than " + std::to_string(fresh.max_age.count()) +
                              " s");
        }
        if (options.fetch) refresh_behind(std::move(candidates), fresh);
        return answer(std::move(old), true);
    }

    /// The answer of the walk is in the cache when it is there; nobody waits for it.
    void refresh_behind(std::vector<Candidate> candidates, Freshness fresh) {
        net::co_spawn(fetch_thread_, fetch_->first_of(std::move(candidates), fresh), net::detached);
    }

    Result<LatestAnswer> without_fetch(LatestRequest const& request, LookUp found) {
        if (found.old && good_enough(found.old->point)) return answer(std::move(*found.old), true);
        if (found.old) return retry_soon("the price of " + request.symbol.str() + " is too old, and reads do not fetch");
        if (!found.store_answered) return retry_soon("the store is unavailable");
        return Error(ErrorCode::not_found, "there is no price of " + request.symbol.str());
    }

    /// Young enough to stand in for a fetch that failed.
    bool good_enough(PricePoint const& point) const noexcept { return clock_.now() - point.fetched_at <= options.stale_if_error; }

    LatestAnswer answer(Held held, bool stale) {
        answers_[static_cast<std::size_t>(held.source)]->Increment();
        if (stale) stale_.Increment();
        auto const age = std::chrono::floor<std::chrono::milliseconds>(clock_.now() - held.point.fetched_at);
        LatestAnswer answer(std::move(held.point), held.source);
        answer.age = std::max(std::chrono::milliseconds(0), age);
        answer.stale = stale;
        return answer;
    }

    LatestCache& cache_;
    PriceCache* shared_;
    PriceReads& store_;
    ProviderDirectory& providers_;
    Clock& clock_;
    IoExecutor fetch_thread_;
    std::shared_ptr<LatestFetch> fetch_;
    std::atomic<SteadyTime> store_away_until_{SteadyTime::min()};
    prometheus::Counter& stale_;
    prometheus::Counter& store_failures_;
    std::array<prometheus::Counter*, 4> answers_{};
};

LatestPriceService::LatestPriceService(LatestCache& cache, PriceReads& store, ProviderDirectory& providers, ProviderHolds& holds,
                                       Ingest& ingest, Clock& clock, Random& random, IoExecutor fetch_thread, support::Log log,
                                       support::Metrics& metrics, LatestPriceOptions options, PriceCache* shared)
    : impl_(std::make_shared<Impl>(cache, store, providers, holds, ingest, clock, random, fetch_thread, std::move(log), metrics,
                                   options, shared)) {}

LatestPriceService::~LatestPriceService() = default;

Task<LatestAnswer> LatestPriceService::get(LatestRequest request) {
    return Impl::get(impl_, std::move(request));
}

LatestPriceOptions const& LatestPriceService::options() const noexcept {
    return impl_->options;
}

}  // namespace mds
