#include "services/poll_leases.hpp"

#include "support/within.hpp"

#include <algorithm>
#include <utility>

namespace mds {
namespace {

/// A store that does not answer is not waited for: the leases run out by themselves.
constexpr std::chrono::milliseconds patience_at_end{1000};

}  // namespace

PollLeases::PollLeases(Leases& leases, std::string owner, Clock& clock, PollMetrics& metrics, PollLeaseOptions options)
    : leases_(leases), owner_(std::move(owner)), clock_(clock), metrics_(metrics), options_(options) {}

Awaitable<bool> PollLeases::round(std::vector<std::string> shards, std::function<bool(std::string const&)> idle) {
    auto const began = clock_.steady_now();
    asked_for_ = shards;
    std::set<std::string> const wanted(shards.begin(), shards.end());
    auto renewed = co_await leases_.renew(owner_, std::move(shards), options_.ttl);
    if (!renewed) {
        metrics_.lease_failures.Increment();
        co_return false;
    }
    std::map<std::string, std::int64_t> terms;
    for (auto const& lease : renewed->held) terms.emplace(lease.key, lease.term);
    // Where one ran out before its time, such as by a jump of the server's clock, another may have had it.
    bool const robbed = !lapsed(began) && !std::ranges::includes(terms, terms_);
    trusted_until_ = robbed ? SteadyTime::min() : began + options_.trust;
    terms_ = std::move(terms);
    std::set<std::string> held;
    std::vector<std::string> given_back;
    for (auto const& lease : renewed->held) {
        if (held.size() < renewed->share && wanted.contains(lease.key)) {
            held.insert(lease.key);
        } else if (!held_.contains(lease.key) && idle(lease.key)) {
            // Not polled since the round before; what was under way then has ended.
            given_back.push_back(lease.key);
        }
    }
    gives_back_ = held.size() + given_back.size() < renewed->held.size();
    metrics_.leases.Set(static_cast<double>(held.size()));
    bool const changed = robbed || held != held_;
    held_ = std::move(held);
    for (auto const& key : given_back) terms_.erase(key);
    if (!given_back.empty()) co_await leases_.give_back(owner_, std::move(given_back));
    co_return changed;
}

std::optional<Lease> PollLeases::lease(std::string const& shard) const {
    auto const found = terms_.find(shard);
    if (found == terms_.end()) return std::nullopt;
    Lease lease;
    lease.key = shard;
    lease.term = found->second;
    return lease;
}

Awaitable<void> PollLeases::leave() {
    held_.clear();
    co_await support::within(patience_at_end, leases_.leave(owner_));
}

}  // namespace mds
