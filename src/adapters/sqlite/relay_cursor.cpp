#include "adapters/sqlite/relay_cursor.hpp"

#include <string>

namespace mds::sqlite {
namespace {

std::string const now_ms = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";

}  // namespace

RelayCursorPort::RelayCursorPort(WriteSide& side)
    : side_(side),
      create_(side.connection,
              "INSERT INTO relay_cursor (name, next, term, owner, expires) SELECT 'outbox', coalesce((SELECT min(position) FROM "
              "outbox), "
              "(SELECT position + 1 FROM outbox_head)), 0, '', 0 WHERE true ON CONFLICT DO NOTHING"),
      forget_offsets_(side.connection, "DELETE FROM consumer_offsets"),
      claim_(side.connection, "UPDATE relay_cursor SET term = term + 1, owner = ?1, expires = " + now_ms +
                                  " + ?2 WHERE name = 'outbox' AND (owner = ?1 OR expires <= " + now_ms + ") RETURNING term, next"),
      advance_(side.connection, "UPDATE relay_cursor SET next = ?3, expires = " + now_ms +
                                    " + ?4 WHERE name = 'outbox' AND term = ?1 AND next = ?2"),
      retire_offsets_(side.connection, "DELETE FROM consumer_offsets WHERE EXISTS (SELECT 1 FROM relay_cursor)"),
      retire_(side.connection, "DELETE FROM relay_cursor") {
    WriteTransaction transaction(side);
    side.connection.execute("UPDATE relay_cursor SET expires = 0");
    static_cast<void>(transaction.commit());  // where it fails, the claim waits for the old one to expire
}

Result<std::optional<RelayClaim>> RelayCursorPort::claim(std::string_view owner, std::chrono::milliseconds ttl) {
    WriteTransaction transaction(side_);
    create_.run();
    if (!side_.connection.failed() && side_.connection.changes() == 1) forget_offsets_.run();
    std::optional<RelayClaim> claim;
    {
        auto rows = claim_.query(owner, ttl.count());
        while (rows.next()) claim = RelayClaim{rows.integer(0), rows.integer(1)};
    }
    if (auto done = transaction.commit(); !done) return done.error();
    return claim;
}

Result<void> RelayCursorPort::advance(RelayClaim const& claim, std::int64_t next, std::chrono::milliseconds ttl) {
    WriteTransaction transaction(side_);
    advance_.run(claim.term, claim.next, next, ttl.count());
    if (!side_.connection.failed() && side_.connection.changes() == 0)
        return Error(ErrorCode::fenced, "the relay's cursor belongs to somebody else");
    return transaction.commit();
}

Result<void> RelayCursorPort::retire() {
    WriteTransaction transaction(side_);
    retire_offsets_.run();
    retire_.run();
    return transaction.commit();
}

}  // namespace mds::sqlite
