#include "adapters/postgres/leases.hpp"

#include "adapters/postgres/statements.hpp"

namespace mds::postgres {
namespace {

Result<LeaseRound> renewed(Connection& connection, std::string const& owner, std::vector<std::string> const& wanted,
                           std::int64_t ttl) {
    TransactionScope const scope(connection);
    auto const keys = text_list(wanted);
    std::string_view const mine(owner);
    std::string_view const list(keys);
    connection.send(sql::begin);
    connection.send(sql::leases::live, mine, ttl);
    connection.send(sql::leases::forget);
    connection.send(sql::leases::make, list);
    connection.send(sql::leases::renew, mine, ttl);
    connection.send(sql::leases::claim, mine, list, ttl);
    connection.send(sql::leases::share, list);
    connection.send(sql::leases::held, mine);
    connection.send(sql::commit);
    auto replies = connection.run();
    if (!replies) return replies.error();
    LeaseRound round;
    Rows& share = replies->at(6);
    if (share.next()) round.share = static_cast<std::size_t>(share.integer(0));
    for (Rows& held = replies->at(7); held.next();) round.held.push_back(Lease{held.text(0), held.integer(1)});
    return round;
}

}  // namespace

Task<LeaseRound> LeasePort::renew(std::string owner, std::vector<std::string> wanted, std::chrono::milliseconds ttl) {
    return worker_.run([owner = std::move(owner), wanted = std::move(wanted), ttl](Workers::Desk& desk) {
        return renewed(desk.connection, owner, wanted, ttl.count());
    });
}

Task<void> LeasePort::give_back(std::string owner, std::vector<std::string> keys) {
    return worker_.run([owner = std::move(owner), keys = std::move(keys)](Workers::Desk& desk) -> Result<void> {
        auto const done = desk.connection.ask(sql::leases::give_back, std::string_view(owner), std::string_view(text_list(keys)));
        if (!done) return done.error();
        return {};
    });
}

Task<void> LeasePort::leave(std::string owner) {
    return worker_.run([owner = std::move(owner)](Workers::Desk& desk) -> Result<void> {
        TransactionScope const scope(desk.connection);
        desk.connection.send(sql::begin);
        desk.connection.send(sql::leases::give_all_back, std::string_view(owner));
        desk.connection.send(sql::leases::leave, std::string_view(owner));
        desk.connection.send(sql::commit);
        auto const done = desk.connection.run();
        if (!done) return done.error();
        return {};
    });
}

}  // namespace mds::postgres
