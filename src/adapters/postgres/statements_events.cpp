// Statements of the consumer, the outbox and the relay; the others are in statements.cpp.

#include "adapters/postgres/point_row.hpp"
#include "adapters/postgres/statements.hpp"

namespace mds::postgres::sql {
namespace {

std::string const point(point_columns);
/// The letters whose entries, of their own or of their replay, are at the positions $1.
std::string const letters_at =
    "SELECT topic, partition, \"offset\", position AS place, false AS replayed FROM dead_letters WHERE position = ANY "
    "($1::bigint[]) UNION ALL SELECT topic, partition, \"offset\", replay_position, true FROM dead_letters WHERE replay_position "
    "= ANY ($1::bigint[])";

}  // namespace

namespace averaging {
Sql const claim{"claim",
                "INSERT INTO consumer_offsets AS c (topic, partition, epoch, next) VALUES ($1::text, $2::bigint, 1, 0) "
                "ON CONFLICT (topic, partition) DO UPDATE SET epoch = c.epoch + 1 RETURNING epoch, next"};
Sql const advance{"advance",
                  "UPDATE consumer_offsets SET next = $5::bigint WHERE topic = $1::text AND partition = $2::bigint "
                  "AND epoch = $3::bigint AND next = $4::bigint"};
Sql const stored_points{"stored_foreign_points", "SELECT id FROM price_points WHERE id = ANY ($1::uuid[])"};
// What a series lacks, in portions: the three or four points before the first one without an average, and those from it on.
Sql const not_averaged{
    "not_averaged",
    "SELECT u.id, d.done, p.seq, p.price::text, p.timestamp, p.fetched_at FROM unnest($1::bigint[]) AS u (id) "
    "CROSS JOIN LATERAL (SELECT greatest($3::bigint - 1, (SELECT m.seq FROM moving_average m WHERE m.series_id = u.id "
    "AND m.interval = $3::bigint ORDER BY m.seq DESC LIMIT 1)) AS done) d CROSS JOIN LATERAL (SELECT seq, price, timestamp, "
    "fetched_at FROM price_points WHERE series_id = u.id AND seq > d.done + 1 - $3::bigint ORDER BY seq LIMIT $2::bigint) p "
    "ORDER BY u.id, p.seq"};
Sql const insert_averages{
    "insert_averages",
    "INSERT INTO moving_average (series_id, interval, seq, average_price, timestamp, fetched_at) "
    "SELECT series_id, $6::bigint, seq, value::numeric, quoted, fetched_at FROM unnest($1::bigint[], $2::bigint[], "
    "$3::text[], $4::timestamptz[], $5::timestamptz[]) AS u (series_id, seq, value, quoted, fetched_at) "
    "ON CONFLICT DO NOTHING"};
Sql const insert_dead_letter{
    "insert_dead_letter",
    "WITH letter AS (INSERT INTO dead_letters (topic, partition, \"offset\", key, value, error_class, error, received_at, "
    "position) "
    "SELECT $1::text, $2::bigint, $3::bigint, $4::bytea, $5::bytea, $6::text, $7::text, $8::timestamptz, position + 1 "
    "FROM outbox_head ON CONFLICT DO NOTHING RETURNING position), "
    "head AS (UPDATE outbox_head h SET position = letter.position FROM letter WHERE h.id = 1) "
    "INSERT INTO outbox (position, series_id, seq) SELECT position, 0, 0 FROM letter"};
// Before the first dead letter, so that the head that it reads is the newest.
Sql const lock_head{"lock_head", "SELECT FROM outbox_head WHERE id = 1 FOR NO KEY UPDATE"};
Sql const insert_dead_header{"insert_dead_header",
                             "INSERT INTO dead_letter_headers (topic, partition, \"offset\", ordinal, name, value) VALUES "
                             "($1::text, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea) ON CONFLICT DO NOTHING"};
Sql const last_averaged{"last_averaged",
                        "SELECT m.seq FROM moving_average m WHERE m.series_id = (SELECT id FROM series WHERE symbol = $1::text AND "
                        "provider = $2::text) AND m.interval = $3::bigint ORDER BY m.seq DESC LIMIT 1"};
Sql const points{"points", "SELECT " + point +
                               " FROM price_points p WHERE p.series_id = (SELECT id FROM series WHERE symbol = $1::text AND "
                               "provider = $2::text) AND p.seq BETWEEN $3::bigint AND $4::bigint ORDER BY p.seq"};
}  // namespace averaging

namespace outbox {
// One statement, so one snapshot: an empty answer beside a higher head means pruned, and never "committed a moment ago".
Sql const read{
    "read_outbox",
    "SELECT h.position, m.store_epoch, e.* FROM outbox_head h CROSS JOIN store_meta m LEFT JOIN LATERAL "
    "(SELECT o.position, s.symbol, s.provider, p.* FROM (SELECT position, series_id, seq FROM outbox "
    "WHERE position >= $1::bigint AND position < $1::bigint + $2::bigint) o "
    "LEFT JOIN LATERAL (SELECT symbol, provider FROM series WHERE id = o.series_id LIMIT 1) s ON true "
    "LEFT JOIN LATERAL (SELECT " +
        point +
        " FROM price_points p WHERE p.series_id = o.series_id AND p.seq = o.seq LIMIT 1) p ON true) e ON true ORDER BY e.position"};
Sql const letters{"read_dead_letters",
                  "SELECT a.place, topic, partition, \"offset\", key, value, error_class, error, received_at, a.replayed FROM (" +
                      letters_at + ") a JOIN dead_letters USING (topic, partition, \"offset\")"};
Sql const letter_headers{"read_dead_headers", "SELECT a.place, name, value FROM (" + letters_at +
                                                  ") a JOIN dead_letter_headers USING (topic, partition, \"offset\") "
                                                  "ORDER BY a.place, ordinal"};
// After lock_head; a hundred at a time. The entry is one of series 0, as that of the letter itself.
Sql const replay{
    "replay_dead_letters",
    "WITH due AS MATERIALIZED (SELECT topic, partition, \"offset\", row_number() OVER (ORDER BY received_at, topic, partition, "
    "\"offset\") AS nr FROM (SELECT * FROM dead_letters WHERE replay_position IS NULL AND ($1::text = '' OR error_class = "
    "$1::text) ORDER BY received_at, topic, partition, \"offset\" LIMIT 100) oldest), "
    "placed AS (SELECT due.*, h.position + nr AS place FROM due CROSS JOIN outbox_head h), "
    "marked AS (UPDATE dead_letters l SET replay_position = p.place FROM placed p WHERE l.topic = p.topic AND l.partition = "
    "p.partition AND l.\"offset\" = p.\"offset\"), "
    "head AS (UPDATE outbox_head SET position = (SELECT max(place) FROM placed) WHERE EXISTS (SELECT FROM placed)) "
    "INSERT INTO outbox (position, series_id, seq) SELECT place, 0, 0 FROM placed"};
Sql const head{"outbox_head", "SELECT position FROM outbox_head WHERE id = 1"};
// An event was written about when its point was fetched. Without any cursor nobody is known to have read: nothing goes. Where there
// is a relay it is the one reader, and the consumers' offsets count the broker's records. Only the old end of the log is looked at,
// `max` entries of it; the first that is too young keeps the ones behind it. A dead letter keeps none: it stays in its own table.
Sql const prune{
    "prune_outbox",
    "WITH old AS MATERIALIZED (SELECT o.position, p.fetched_at FROM (SELECT position, series_id, seq FROM outbox "
    "WHERE position < coalesce((SELECT min(next) FROM relay_cursor), (SELECT min(next) FROM consumer_offsets)) "
    "ORDER BY position LIMIT $2::bigint) o LEFT JOIN LATERAL "
    "(SELECT fetched_at FROM price_points WHERE series_id = o.series_id AND seq = o.seq LIMIT 1) p ON true) "
    "DELETE FROM outbox WHERE position <= (SELECT max(position) FROM old) "
    "AND position < coalesce((SELECT min(position) FROM old WHERE fetched_at >= $1::timestamptz), 9223372036854775807)"};
Sql const prune_raw{"prune_raw",
                    "DELETE FROM raw_market_data WHERE ctid = ANY (ARRAY (SELECT ctid FROM raw_market_data "
                    "WHERE fetched_at < $1::timestamptz ORDER BY fetched_at LIMIT $2::bigint))"};
Sql const prune_outcomes{"prune_outcomes",
                         "DELETE FROM fetch_outcomes WHERE ctid = ANY (ARRAY (SELECT ctid FROM fetch_outcomes "
                         "WHERE fetched_at < $1::timestamptz ORDER BY fetched_at LIMIT $2::bigint))"};
}  // namespace outbox

namespace relay {
// The first claim ever makes the row; offsets that were there until then counted the outbox's positions.
Sql const create{"create_relay_cursor",
                 "WITH made AS (INSERT INTO relay_cursor (name, next, term, owner, expires) SELECT 'outbox', coalesce((SELECT "
                 "min(position) FROM "
                 "outbox), (SELECT position + 1 FROM outbox_head)), 0, '', 'epoch' ON CONFLICT DO NOTHING RETURNING next) "
                 "DELETE FROM consumer_offsets WHERE EXISTS (SELECT FROM made)"};
Sql const claim{"claim_relay_cursor",
                "UPDATE relay_cursor SET term = term + 1, owner = $1::text, expires = clock_timestamp() + $2::bigint * interval '1 "
                "ms' WHERE name = 'outbox' AND (owner = $1::text OR expires <= clock_timestamp()) RETURNING term, next"};
Sql const advance{"advance_relay_cursor",
                  "UPDATE relay_cursor SET next = $3::bigint, expires = clock_timestamp() + $4::bigint * interval '1 ms' "
                  "WHERE name = 'outbox' AND term = $1::bigint AND next = $2::bigint"};
Sql const retire_offsets{"retire_offsets", "DELETE FROM consumer_offsets WHERE EXISTS (SELECT FROM relay_cursor)"};
Sql const retire{"retire_relay_cursor", "DELETE FROM relay_cursor"};
}  // namespace relay

}  // namespace mds::postgres::sql
