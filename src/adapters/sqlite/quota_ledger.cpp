#include "adapters/sqlite/quota_ledger.hpp"

#include "adapters/sqlite/read_side.hpp"
#include "support/offload.hpp"

#include <utility>
#include <vector>

namespace mds::sqlite {

QuotaPort::QuotaPort(net::thread_pool& pool, WriteSide& side)
    : pool_(pool),
      side_(side),
      began_(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())),
      steady_began_(std::chrono::steady_clock::now()),
      read_(side.connection, "SELECT seconds, per_symbol, starts, ends, cost, polls FROM quota_turns WHERE provider = ?"),
      add_(side.connection,
           "INSERT INTO quota_turns (provider, seconds, per_symbol, starts, ends, cost, polls) VALUES (?, ?, ?, ?, ?, ?, ?) "
           "ON CONFLICT (provider, seconds, per_symbol, starts, ends) "
           "DO UPDATE SET cost = cost + excluded.cost, polls = polls + excluded.polls"),
      // A window reaches back by a fortieth more than it is long.
      drop_(side.connection, "DELETE FROM quota_turns WHERE provider = ?1 AND (cost <= 0 OR ends < ?2 - seconds * 1050000)") {}

Task<QuotaGrant> QuotaPort::take(QuotaOrder order) {
    return support::offload(pool_, [this, order = std::move(order)] {
        auto work = [&] { return taken(order); };
        return guarded(work);
    });
}

Result<QuotaGrant> QuotaPort::taken(QuotaOrder const& order) {
    WriteTransaction transaction(side_);
    std::vector<QuotaEntry> entries;
    {
        auto rows = read_.query(order.provider);
        while (rows.next())
            entries.push_back(
                {rows.integer(0), rows.integer(1) != 0, rows.time(2), rows.time(3), rows.integer(4), rows.integer(5)});
    }
    QuotaGrant grant;
    grant.now = now();
    auto settlement = settle(order, entries, grant.now);
    for (auto const& change : settlement.changes)
        add_.run(order.provider, change.seconds, change.per_symbol, change.from, change.until, change.cost, change.polls);
    if (!settlement.changes.empty()) drop_.run(order.provider, grant.now);
    if (auto done = transaction.commit(); !done) return done.error();
    grant.replies = std::move(settlement.replies);
    grant.left = std::move(settlement.left);
    return grant;
}

UtcTime QuotaPort::now() const {
    return began_ + std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - steady_began_);
}

}  // namespace mds::sqlite
