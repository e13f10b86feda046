#include "services/poll_forecast.hpp"

#include "services/poll_targets.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace mds {
namespace {

/// Until when none of them may be asked; the epoch where one may be at any time.
UtcTime wait_of(std::vector<std::string> const& providers, std::map<std::string, UtcTime> const& waits) {
    UtcTime over = UtcTime::max();
    for (auto const& provider : providers) {
        auto const found = waits.find(provider);
        over = std::min(over, found == waits.end() ? UtcTime{} : found->second);
    }
    return over;
}

}  // namespace

Task<PollForecast::Outlook> PollForecast::look() {
    auto ticks = co_await newest_ticks();
    if (!ticks) co_return ticks.error();
    // Waits come and go without a new revision, so they are asked for each time.
    auto waits = co_await plans_.provider_waits();
    if (!waits) co_return waits.error();
    Outlook outlook;
    outlook.ticks_ = std::move(*ticks);
    outlook.waits_ = std::move(*waits);
    outlook.now_ = clock_.now();
    co_return outlook;
}

Task<std::shared_ptr<PollForecast::Ticks const>> PollForecast::newest_ticks() {
    std::shared_ptr<Ticks const> known;
    {
        std::lock_guard const lock(mutex_);
        known = newest_;
    }
    std::optional<std::int64_t> revision;
    if (known) revision = known->revision;
    auto plan = co_await plans_.load(revision);
    if (!plan) co_return plan.error();
    if (!*plan) co_return known;
    auto fresh = deal(**plan);
    std::lock_guard const lock(mutex_);
    if (!newest_ || newest_->revision < fresh->revision) newest_ = fresh;
    co_return fresh;
}

/// As PollSchedule does: targets to places, places to buckets, buckets to ticks.
std::shared_ptr<PollForecast::Ticks const> PollForecast::deal(PollPlan const& plan) const {
    PollTargets targets;
    for (auto const& job : plan.jobs) {
        if (is_scheduled(job)) targets.link(job, targets.numbers_of(job));
    }
    std::map<PollTargets::Place, std::set<std::pair<std::uint64_t, Symbol>>> lanes;
    for (auto const& move : targets.settle()) {
        auto const symbol = targets.symbol(move.target);
        lanes[*move.to].emplace(stable_hash(symbol), *Symbol::parse(symbol, SymbolCase::preserve));
    }

    auto const ticks = std::make_shared<Ticks>();
    ticks->revision = plan.revision;
    for (auto const& [place, members] : lanes) {
        std::vector<std::uint64_t> hashes;
        hashes.reserve(members.size());
        for (auto const& member : members) hashes.push_back(member.first);
        auto const name = lane_name(*place.providers, place.interval);
        auto& lane = ticks->of_providers[*place.providers];
        auto member = members.begin();
        for (Bucket const& bucket : split_into_buckets(hashes, batch_max_of(providers_, place.providers->front()))) {
            TickGrid const grid(name, place.interval, bucket.prefix);
            for (std::size_t at = bucket.first; at < bucket.last; ++at, ++member) lane.emplace(member->second, grid);
        }
    }
    return ticks;
}

std::vector<std::optional<UtcTime>> PollForecast::Outlook::next_polls(Job const& job) const {
    std::vector<std::optional<UtcTime>> next(job.config.symbols.size());
    if (!is_scheduled(job)) return next;
    UtcTime const wait = wait_of(job.config.providers, waits_);
    bool const at_once = !job.ticked || job.run_done < job.run_requested;
    auto const lane = ticks_->of_providers.find(job.config.providers);
    for (std::size_t i = 0; i < next.size(); ++i) {
        if (at_once) {
            next[i] = std::max(now_, wait);
            continue;
        }
        if (lane == ticks_->of_providers.end()) continue;
        auto const grid = lane->second.find(job.config.symbols[i]);
        if (grid == lane->second.end()) continue;
        // A tick at the very end of the wait is tried.
        next[i] = grid->second.after(std::max(now_, wait - std::chrono::microseconds(1)));
    }
    return next;
}

}  // namespace mds
