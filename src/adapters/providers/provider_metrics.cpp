#include <adapters/providers/provider_metrics.hpp>

#include <chrono>

namespace mds::providers {

ProviderMetrics::ProviderMetrics(support::Metrics& metrics, std::string const& provider)
    : seconds_(metrics.histogram("mds_provider_request_seconds", "Time from a provider request to the end of its answer",
                                 support::latency_bounds(), {{"provider", provider}})),
      bytes_(metrics.counter("mds_provider_answer_bytes_total", "Bytes of provider answers after decompression",
                             {{"provider", provider}})),
      truncated_(
          metrics.counter("mds_provider_truncated_total", "Provider answers cut at the size limit", {{"provider", provider}})),
      rounded_(metrics.counter("mds_provider_prices_rounded_total", "Prices with more than 18 decimals, rounded half to even",
                               {{"provider", provider}})),
      future_(metrics.counter("mds_provider_future_times_total",
                              "Prices whose time lies more than five minutes ahead of their receipt", {{"provider", provider}})),
      quota_waits_(metrics.counter("mds_provider_quota_waits_total", "Requests that waited for their turn in the provider's quota",
                                   {{"provider", provider}})),
      over_quota_(metrics.counter("mds_provider_refused_total", "Requests not sent", {{"provider", provider}, {"why", "quota"}})),
      ledger_away_(
          metrics.counter("mds_provider_refused_total", "Requests not sent", {{"provider", provider}, {"why", "quota_unknown"}})),
      turns_taken_(metrics.counter("mds_provider_quota_turns_total", "Turns of the provider's quota, by what became of them",
                                   {{"provider", provider}, {"what", "taken"}})),
      turns_given_back_(metrics.counter("mds_provider_quota_turns_total", "Turns of the provider's quota, by what became of them",
                                        {{"provider", provider}, {"what", "given_back"}})),
      late_turns_(metrics.counter("mds_provider_quota_turns_total", "Turns of the provider's quota, by what became of them",
                                  {{"provider", provider}, {"what", "late"}})),
      broken_(metrics.counter("mds_provider_refused_total", "Requests not sent", {{"provider", provider}, {"why", "breaker"}})),
      withheld_(
          metrics.counter("mds_provider_refused_total", "Requests not sent", {{"provider", provider}, {"why", "entitlement"}})),
      breaker_(
          metrics.gauge("mds_provider_breaker_open", "1 while requests are kept from the provider", {{"provider", provider}})) {
    for (std::size_t i = 0; i < outcomes; ++i) {
        results_[i] = &metrics.counter("mds_provider_results_total", "Symbols asked for, by how it ended",
                                       {{"provider", provider}, {"outcome", std::string(to_string(static_cast<Outcome>(i)))}});
    }
}

void ProviderMetrics::count(FetchAnswer const& answer, SteadyTime now) {
    static_assert(static_cast<std::size_t>(Outcome::unclassified_error) + 1 == outcomes);
    for (auto const& result : answer.results) {
        auto const outcome = result.quote() != nullptr ? Outcome::ok : result.reject()->outcome;
        results_[static_cast<std::size_t>(outcome)]->Increment();
        recent_.note(outcome, now);
    }
    seconds_.Observe(std::chrono::duration<double>(answer.duration).count());
    if (!answer.answer) return;
    bytes_.Increment(static_cast<double>(answer.answer->body.size()));
    if (answer.answer->truncated) truncated_.Increment();
}

}  // namespace mds::providers
