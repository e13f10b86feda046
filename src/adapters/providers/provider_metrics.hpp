#pragma once

#include <adapters/providers/recent_outcomes.hpp>
#include <mds/ports/provider.hpp>
#include <support/metrics.hpp>

#include <array>
#include <cstddef>
#include <string>

namespace mds::providers {

/// What is counted of one provider.
class ProviderMetrics {
public:
    ProviderMetrics(support::Metrics& metrics, std::string const& provider);
    void count(FetchAnswer const& answer, SteadyTime now);
    std::map<Outcome, std::uint64_t> last_hour(SteadyTime now) const { return recent_.last_hour(now); }
    void count_rounded() { rounded_.Increment(); }
    void count_future() { future_.Increment(); }
    void count_wait() { quota_waits_.Increment(); }
    void count_over_quota() { over_quota_.Increment(); }
    void count_ledger_away() { ledger_away_.Increment(); }
    void count_turn_taken() { turns_taken_.Increment(); }
    void count_turn_given_back() { turns_given_back_.Increment(); }
    void count_late_turn() { late_turns_.Increment(); }
    void count_broken() { broken_.Increment(); }
    void count_withheld() { withheld_.Increment(); }
    void show_breaker(bool open) { breaker_.Set(open ? 1 : 0); }

private:
    static constexpr std::size_t outcomes = 16;
    RecentOutcomes recent_;
    std::array<prometheus::Counter*, outcomes> results_{};
    prometheus::Histogram& seconds_;
    prometheus::Counter& bytes_;
    prometheus::Counter& truncated_;
    prometheus::Counter& rounded_;
    prometheus::Counter& future_;
    prometheus::Counter& quota_waits_;
    prometheus::Counter& over_quota_;
    prometheus::Counter& ledger_away_;
    prometheus::Counter& turns_taken_;
    prometheus::Counter& turns_given_back_;
    prometheus::Counter& late_turns_;
    prometheus::Counter& broken_;
    prometheus::Counter& withheld_;
    prometheus::Gauge& breaker_;
};

}  // namespace mds::providers
