#include "adapters/postgres/quota_ledger.hpp"

#include "adapters/postgres/statements.hpp"

#include <utility>

namespace mds::postgres {
namespace {

std::vector<QuotaEntry> read(Rows& rows) {
    std::vector<QuotaEntry> entries;
    while (rows.next())
        entries.push_back({rows.integer(0), rows.boolean(1), rows.time(2), rows.time(3), rows.integer(4), rows.integer(5)});
    return entries;
}

void send(Connection& connection, std::string_view provider, std::vector<QuotaEntry> const& changes) {
    Column seconds(Column::Type::bigint), per_symbol(Column::Type::boolean), starts(Column::Type::timestamptz),
        ends(Column::Type::timestamptz), cost(Column::Type::bigint), polls(Column::Type::bigint);
    for (auto const& change : changes) {
        seconds.add(change.seconds);
        per_symbol.add(change.per_symbol);
        starts.add(change.from);
        ends.add(change.until);
        cost.add(change.cost);
        polls.add(change.polls);
    }
    connection.send(sql::quotas::add, provider, seconds, per_symbol, starts, ends, cost, polls);
    connection.send(sql::quotas::drop, provider);
}

Result<QuotaGrant> taken(Connection& connection, QuotaOrder const& order) {
    TransactionScope const scope(connection);
    std::string_view const provider(order.provider);
    connection.send(sql::begin);
    connection.send(sql::quotas::lock, provider);
    connection.send(sql::quotas::read, provider);
    connection.send(sql::quotas::now);
    auto known = connection.run();
    if (!known) return known.error();
    Rows& clock = known->at(3);
    if (!clock.next()) return Error(ErrorCode::internal, "the server has no clock");
    QuotaGrant grant;
    grant.now = clock.time(0);
    auto settlement = settle(order, read(known->at(2)), grant.now);
    if (!settlement.changes.empty()) send(connection, provider, settlement.changes);
    connection.send(sql::commit);
    if (auto done = connection.run(); !done) return done.error();
    grant.replies = std::move(settlement.replies);
    grant.left = std::move(settlement.left);
    return grant;
}

}  // namespace

Task<QuotaGrant> QuotaPort::take(QuotaOrder order) {
    return worker_.run([order = std::move(order)](Workers::Desk& desk) { return taken(desk.connection, order); });
}

}  // namespace mds::postgres
