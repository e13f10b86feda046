#include "services/latest_fetch.hpp"

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace mds {
namespace {

/// Bounds what readers of invented symbols can make us remember.
constexpr std::size_t max_remembered = 10'000;

std::chrono::seconds whole_seconds(SteadyTime::duration left) noexcept {
    return std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(left));
}

/// One failure speaks for itself. Of several: 404 only if nobody knows the symbol.
Error summary(std::vector<FetchFailure> const& failures) {
    if (failures.size() == 1) return failures.front().error;
    Error sum(failures.front().error.code, "no provider has a price: ");
    for (auto const& failure : failures) {
        if (failure.error.code != sum.code) sum.code = ErrorCode::unavailable;
        if (&failure != &failures.front()) sum.message += "; ";
        sum.message += failure.error.message;
        if (failure.error.retry_after)
            sum.retry_after = std::min(sum.retry_after.value_or(std::chrono::hours(1)), *failure.error.retry_after);
    }
    if (sum.code == ErrorCode::unavailable && !sum.retry_after) sum.retry_after = std::chrono::seconds(1);
    return sum;
}

}  // namespace

/// Takes the flight off the list on every way out, also when the io_context is destroyed with the flight in the air.
class LatestFetch::Landing {
public:
    Landing(LatestFetch& owner, Series series, std::shared_ptr<Flight> flight)
        : owner_(owner), series_(std::move(series)), flight_(std::move(flight)) {}
    Landing(Landing const&) = delete;
    Landing& operator=(Landing const&) = delete;
    ~Landing() { land(); }

    void land(End end) {
        flight_->end.emplace(std::move(end));
        land();
    }

private:
    void land() {
        if (!flight_) return;
        owner_.flights_.erase(series_);
        flight_->landed.cancel();
        flight_.reset();
    }

    LatestFetch& owner_;
    Series series_;
    std::shared_ptr<Flight> flight_;
};

LatestFetch::LatestFetch(LatestCache& cache, ProviderHolds& holds, Ingest& ingest, Clock& clock, Random& random,
                         IoExecutor fetch_thread, support::Log log, support::Metrics& metrics, LatestPriceOptions const& options)
    : cache_(cache),
      holds_(holds),
      ingest_(ingest),
      clock_(clock),
      random_(random),
      fetch_thread_(fetch_thread),
      log_(std::move(log)),
      metrics_(metrics),
      joined_(metrics.counter("mds_latest_price_joined_total", "Reads that waited for a call which another one made")),
      remembered_(metrics.counter("mds_latest_price_remembered_total", "Provider calls spared because the last one failed")),
      unstored_(
          metrics.counter("mds_latest_price_unstored_total", "Fetched prices not answered because they were not durable in time")),
      options_(options) {}

Awaitable<Fetched> LatestFetch::first_of(std::vector<Candidate> candidates, Freshness fresh) {
    auto const keep = shared_from_this();
    auto const end = clock_.steady_now() + options_.fetch_deadline;
    Fetched fetched;
    std::vector<FetchFailure> failures;
    for (auto left = static_cast<std::ptrdiff_t>(candidates.size()); left > 0; --left) {
        auto const& candidate = candidates[candidates.size() - static_cast<std::size_t>(left)];
        auto const now = clock_.steady_now();
        auto result = co_await fetch(candidate, fresh, now + (end - now) / left);
        if (auto* const known = std::get_if<Known>(&result)) {
            fetched.point = std::move(known->point);
            fetched.source = known->source;
            co_return fetched;
        }
        auto& failure = std::get<FetchFailure>(result);
        fetched.fallback.push_back(Fallback{candidate.series.provider, failure.outcome});
        failures.push_back(std::move(failure));
    }
    fetched.error = summary(failures);
    co_return fetched;
}

Awaitable<LatestFetch::End> LatestFetch::fetch(Candidate candidate, Freshness fresh, SteadyTime deadline) {
    // Another flight may have landed between this read's look into memory and now.
    std::optional<End> known;
    auto const now = clock_.now();
    cache_.visit(candidate.series.symbol.str(), candidate.series.provider, [&](CachedPrice const& cached) {
        if (fresh.holds(cached.fetched_at(), now)) known.emplace(Known{cached.point(), PriceSource::memory});
    });
    if (known) co_return std::move(*known);

    std::shared_ptr<Flight> flight;
    if (auto const under_way = flights_.find(candidate.series); under_way != flights_.end()) {
        flight = under_way->second;
        joined_.Increment();
    } else {
        if (auto failure = refused(candidate)) co_return std::move(*failure);
        flight = std::make_shared<Flight>(Flight{support::AsioTimer(fetch_thread_, SteadyTime::max()), std::nullopt});
        flights_.emplace(candidate.series, flight);
        net::co_spawn(fetch_thread_, fly(candidate, flight, deadline), net::detached);
    }
    if (!flight->end) co_await flight->landed.async_wait(support::as_result);
    if (flight->end) co_return *flight->end;
    co_return failure_of(candidate.provider->traits(), candidate.series.symbol, Outcome::unavailable, "the fetch was abandoned");
}

/// Why no call is made, without one.
std::optional<FetchFailure> LatestFetch::refused(Candidate const& candidate) {
    auto const& traits = candidate.provider->traits();
    if (!traits.missing_secret.empty()) return missing_key(traits);
    auto const now = clock_.steady_now();
    if (auto const memory = failures_.find(candidate.series); memory != failures_.end() && now < memory->second.until) {
        remembered_.Increment();
        auto failure = memory->second.failure;
        if (failure.error.code == ErrorCode::unavailable) failure.error.retry_after = whole_seconds(memory->second.until - now);
        return failure;
    }
    if (auto const* const hold = holds_.find(traits.name, now, QuotaUse::reads)) {
        remembered_.Increment();
        auto failure = failure_of(traits, candidate.series.symbol, hold->outcome, "asked to wait");
        failure.error.retry_after = whole_seconds(hold->until - now);
        return failure;
    }
    if (ingest_.healthy() && ingest_.accepting()) return std::nullopt;
    // An answer could not be stored, so it could not be shown either: no call is spent on it.
    Error error(ErrorCode::unavailable, "prices cannot be stored at the moment");
    error.retry_after = std::chrono::seconds(1);
    return FetchFailure(Outcome::unavailable, std::move(error));
}

Awaitable<void> LatestFetch::fly(Candidate candidate, std::shared_ptr<Flight> flight, SteadyTime deadline) {
    auto const keep = shared_from_this();
    Landing landing(*this, candidate.series, std::move(flight));
    auto const& traits = candidate.provider->traits();
    std::vector<Symbol> symbols(1, candidate.series.symbol);
    auto answer = co_await candidate.provider->fetch(std::move(symbols), deadline, FetchCause::read);
    auto retry_after = answer.retry_after;
    if (answer.quota_wait) retry_after = answer.quota_wait->wait;
    holds_.note(traits.name, answer, clock_.steady_now());
    auto observation = observation_of(candidate, std::move(answer));

    auto const* const reject = observation.results.front().reject();
    auto const outcome = reject == nullptr ? Outcome::ok : reject->outcome;
    metrics_
        .counter("mds_latest_price_fetches_total", "Provider calls made for reads, by outcome",
                 {{"provider", traits.name}, {"outcome", std::string(to_string(outcome))}})
        .Increment();
    if (reject == nullptr) {
        auto end = co_await store(candidate, std::move(observation));
        if (auto const* const failure = std::get_if<FetchFailure>(&end))
            remember(candidate, *failure);
        else
            failures_.erase(candidate.series);
        landing.land(std::move(end));
        co_return;
    }
    auto failure = failure_of(traits, candidate.series.symbol, outcome, reject->reason);
    if (failure.error.code == ErrorCode::unavailable) {
        failure.error.retry_after = retry_after.value_or(options_.failed_fetch_memory);
    }
    log_.info("latest_price.fetch_failed", {{"provider", traits.name},
                                            {"symbol", candidate.series.symbol.str()},
                                            {"outcome", to_string(outcome)},
                                            {"reason", reject->reason}});
    remember(candidate, failure);
    landing.land(std::move(failure));
    // Nobody waits for this commit, but every answer is kept.
    co_await ingest_.submit(std::move(observation));
}

/// The point once it is durable. What is not durable in time is not shown; it still gets stored, and read later.
Awaitable<LatestFetch::End> LatestFetch::store(Candidate const& candidate, Observation observation) {
    auto stored = co_await support::within(options_.commit_budget, ingest_.submit(std::move(observation)));
    if (stored && stored->has_value()) {
        auto& point = stored->value().front();
        cache_.offer(point);
        co_return Known{std::move(point), PriceSource::provider};
    }
    unstored_.Increment();
    if (stored && stored->error().code == ErrorCode::invalid_argument) {
        co_return FetchFailure(
            Outcome::unclassified_error,
            Error(ErrorCode::upstream_invalid, "provider '" + candidate.series.provider + "' gave a price that cannot be stored"));
    }
    Error error(ErrorCode::unavailable, "the price could not be stored in time");
    error.retry_after = options_.failed_fetch_memory;
    co_return FetchFailure(Outcome::unavailable, std::move(error));
}

void LatestFetch::remember(Candidate const& candidate, FetchFailure const& failure) {
    auto const now = clock_.steady_now();
    bool const unknown = failure.error.code == ErrorCode::not_found;
    if (failures_.size() >= max_remembered) {
        std::erase_if(failures_, [now](auto const& entry) { return entry.second.until <= now; });
        if (failures_.size() >= max_remembered) failures_.erase(failures_.begin());
    }
    failures_.insert_or_assign(candidate.series,
                               Memory{failure, now + (unknown ? options_.unknown_symbol_memory : options_.failed_fetch_memory)});
}

Observation LatestFetch::observation_of(Candidate const& candidate, FetchAnswer answer) {
    Observation observation;
    observation.raw_id = Uuid::v7(clock_.now(), random_.next(), random_.next());
    observation.provider = candidate.series.provider;
    observation.symbols.push_back(candidate.series.symbol);
    observation.answer = std::move(answer.answer);
    observation.results = std::move(answer.results);
    observation.fetched_at = answer.fetched_at;
    observation.duration = answer.duration;
    observation.cause = FetchCause::read;
    return observation;
}

}  // namespace mds
