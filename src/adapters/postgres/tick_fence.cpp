#include "adapters/postgres/tick_fence.hpp"

#include "adapters/postgres/statements.hpp"

#include <map>
#include <set>
#include <string>

namespace mds::postgres {
namespace {

/// The leases in their terms; what polls by one in another term lost it.
class HeldLeases {
public:
    void add(std::string const& lease) {
        if (!lease.empty()) wanted_.insert(lease);
    }
    /// One round trip, or none.
    Result<void> hold(Connection& connection) {
        if (wanted_.empty()) return {};
        auto const keys = text_list(std::vector<std::string>(wanted_.begin(), wanted_.end()));
        connection.send(sql::leases::hold, std::string_view(keys));
        auto replies = connection.run();
        if (!replies) return replies.error();
        for (Rows& rows = replies->back(); rows.next();) terms_.emplace(rows.text(0), rows.integer(1));
        return {};
    }
    bool lost(std::string const& lease, std::int64_t term) const {
        if (lease.empty()) return false;
        auto const found = terms_.find(lease);
        return found == terms_.end() || found->second != term;
    }

private:
    std::set<std::string> wanted_;
    std::map<std::string, std::int64_t> terms_;
};

}  // namespace

Result<std::deque<Observation>> without_lost_ticks(Connection& connection, std::vector<Observation const*>& observations) {
    HeldLeases leases;
    for (auto const* const observation : observations)
        if (observation->tick) leases.add(observation->tick->lease);
    if (auto held = leases.hold(connection); !held) return held.error();
    std::deque<Observation> copies;
    for (auto const*& observation : observations) {
        auto const& tick = observation->tick;
        if (!tick || !leases.lost(tick->lease, tick->term)) continue;
        Observation& copy = copies.emplace_back(*observation);
        copy.tick.reset();
        copy.settles_tick = false;
        observation = &copy;
    }
    return copies;
}

Result<std::vector<MissedRange>> without_lost_ranges(Connection& connection, std::vector<MissedRange> ranges) {
    HeldLeases leases;
    for (auto const& range : ranges) leases.add(range.lease);
    if (auto held = leases.hold(connection); !held) return held.error();
    std::erase_if(ranges, [&](MissedRange const& range) { return leases.lost(range.lease, range.term); });
    return ranges;
}

}  // namespace mds::postgres
