#include "adapters/postgres/relay_cursor.hpp"

#include "adapters/postgres/statements.hpp"

namespace mds::postgres {

Result<std::optional<RelayClaim>> RelayCursorPort::claim(std::string_view owner, std::chrono::milliseconds ttl) {
    connection_.send(sql::begin);
    connection_.send(sql::relay::create);
    connection_.send(sql::relay::claim, owner, std::int64_t{ttl.count()});
    connection_.send(sql::commit);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    Rows& rows = replies->at(2);
    if (!rows.next()) return std::optional<RelayClaim>{};
    return std::optional(RelayClaim{rows.integer(0), rows.integer(1)});
}

Result<void> RelayCursorPort::advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) {
    auto rows = connection_.ask(sql::relay::advance, claim.term, claim.next, next, std::int64_t{ttl.count()});
    if (!rows) return rows.error();
    if (rows->changes() == 0) return Error(ErrorCode::fenced, "the relay's cursor belongs to somebody else");
    return {};
}

Result<void> RelayCursorPort::retire() {
    connection_.send(sql::begin);
    connection_.send(sql::relay::retire_offsets);
    connection_.send(sql::relay::retire);
    connection_.send(sql::commit);
    auto replies = connection_.run();
    if (!replies) return replies.error();
    return {};
}

}  // namespace mds::postgres
