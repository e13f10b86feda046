#include <adapters/providers/recent_outcomes.hpp>

#include <chrono>

namespace mds::providers {

namespace {

std::int64_t minute_of(SteadyTime time) {
    return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
}

}  // namespace

void RecentOutcomes::note(Outcome outcome, SteadyTime now) {
    auto const number = minute_of(now);
    auto& minute = ring_[static_cast<std::size_t>(number) % minutes];
    if (minute.number != number) minute = Minute{number, {}};
    ++minute.counts[outcome];
}

std::map<Outcome, std::uint64_t> RecentOutcomes::last_hour(SteadyTime now) const {
    std::map<Outcome, std::uint64_t> sum;
    auto const number = minute_of(now);
    for (auto const& minute : ring_) {
        if (minute.number < 0 || number - minute.number >= static_cast<std::int64_t>(minutes)) continue;
        for (auto const& [outcome, count] : minute.counts) sum[outcome] += count;
    }
    return sum;
}

}  // namespace mds::providers
