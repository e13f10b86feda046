#include "adapters/postgres/tick_fence.hpp"

#include "adapters/postgres/statements.hpp"

#include <map>
#include <set>
#include <string>

namespace mds::postgres {

Result<std::optional<std::vector<Observation>>> without_lost_ticks(Connection& connection,
                                                                   std::span<Observation const> observations) {
    std::set<std::string> leases;
    for (auto const& observation : observations)
        if (observation.tick && !observation.tick->lease.empty()) leases.insert(observation.tick->lease);
    std::optional<std::vector<Observation>> changed;
    if (leases.empty()) return changed;
    auto const keys = text_list(std::vector<std::string>(leases.begin(), leases.end()));
    connection.send(sql::leases::hold, std::string_view(keys));
    auto replies = connection.run();
    if (!replies) return replies.error();
    std::map<std::string, std::int64_t> terms;
    for (Rows& rows = replies->back(); rows.next();) terms.emplace(rows.text(0), rows.integer(1));
    auto const lost = [&](Observation const& observation) {
        if (!observation.tick || observation.tick->lease.empty()) return false;
        auto const term = terms.find(observation.tick->lease);
        return term == terms.end() || term->second != observation.tick->term;
    };
    for (std::size_t i = 0; i < observations.size(); ++i) {
        if (!lost(observations[i])) continue;
        if (!changed) changed.emplace(observations.begin(), observations.end());
        (*changed)[i].tick.reset();
        (*changed)[i].settles_tick = false;
    }
    return changed;
}

}  // namespace mds::postgres
