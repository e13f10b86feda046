#pragma once

#include <mds/ports/clock.hpp>
#include <mds/ports/leases.hpp>

#include "services/poll_metrics.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mds {

struct PollLeaseOptions {
    std::chrono::milliseconds ttl{15'000};    ///< after which others take over
    std::chrono::milliseconds trust{10'000};  ///< how long after its last renewal, by its own clock, a holder goes on
    std::chrono::milliseconds every{500};     ///< between rounds
    std::chrono::milliseconds soon{50};       ///< the same, while something is to be given back
};

/// Which shards of the schedule are this process's. The poller's I/O thread only.
class PollLeases {
public:
    PollLeases(Leases& leases, std::string owner, Clock& clock, PollMetrics& metrics, PollLeaseOptions options);

    /// Renews, takes, and gives back what is above the share and `idle`. True: held() changed.
    Awaitable<bool> round(std::vector<std::string> shards, std::function<bool(std::string const&)> idle);
    /// What may be polled, if lapsed() is false; without that which is about to be given back.
    std::set<std::string> const& held() const noexcept { return held_; }
    /// The lease of a shard, in its term; none: it was lost. Also of one that is about to be given back.
    std::optional<Lease> lease(std::string const& shard) const;
    /// The last renewal is so long ago that others may take over soon.
    bool lapsed(SteadyTime now) const noexcept { return now >= trusted_until_; }
    /// Shards have come into being since the last round.
    bool wants_round(std::vector<std::string> const& shards) const { return shards != asked_for_; }
    /// When the next round is due.
    std::chrono::milliseconds pause() const noexcept { return gives_back_ ? options_.soon : options_.every; }
    Awaitable<void> leave();

private:
    Leases& leases_;
    std::string owner_;
    Clock& clock_;
    PollMetrics& metrics_;
    PollLeaseOptions options_;
    std::vector<std::string> asked_for_;
    std::set<std::string> held_;
    std::map<std::string, std::int64_t> terms_;  ///< of all that the last round said is ours
    bool gives_back_ = false;
    SteadyTime trusted_until_ = SteadyTime::min();
};

}  // namespace mds
