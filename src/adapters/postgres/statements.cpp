#include "adapters/postgres/statements.hpp"

#include "adapters/postgres/point_row.hpp"

namespace mds::postgres::sql {
namespace {

std::string const point(point_columns);
std::string const average = "seq, average_price::text, timestamp, fetched_at";
/// Of polling_jobs, in the order in which read_job() takes them.
std::string const job =
    "id, status, symbols, interval, providers, provider_is_list, created_at, active_since, ticked, run_requested, run_done";

std::string page_of_points(char const* order) {
    return "SELECT " + point +
           " FROM price_points p WHERE p.series_id = $1::bigint AND p.seq BETWEEN $2::bigint AND $3::bigint "
           "AND p.fetched_at >= $4::timestamptz AND p.fetched_at < $5::timestamptz ORDER BY p.seq " +
           order + " LIMIT $6::bigint";
}

}  // namespace

Sql const begin{"begin", "BEGIN"};
Sql const commit{"commit", "COMMIT"};

namespace names {
// In one order, so that two processes that meet new names at once wait for each other one way round.
Sql const make_series{"make_series",
                      "INSERT INTO series (symbol, provider) SELECT u.symbol, u.provider "
                      "FROM unnest($1::text[], $2::text[]) AS u (symbol, provider) ORDER BY 1, 2 ON CONFLICT DO NOTHING"};
// A LATERAL with LIMIT stays a look-up by key for each name, however large the planner takes the list or the table to be.
Sql const find_series{
    "find_series",
    "SELECT u.symbol, u.provider, s.id FROM unnest($1::text[], $2::text[]) AS u (symbol, provider) CROSS JOIN LATERAL "
    "(SELECT id FROM series WHERE symbol = u.symbol AND provider = u.provider LIMIT 1) s"};
Sql const make_groups{
    "make_groups",
    "INSERT INTO poll_progress (name) SELECT name FROM unnest($1::text[]) AS u (name) ORDER BY 1 ON CONFLICT DO NOTHING"};
Sql const find_groups{"find_groups", "SELECT name, id FROM poll_progress WHERE name = ANY ($1::text[])"};
}  // namespace names

namespace ingest {
Sql const lock_series{
    "lock_series",
    "SELECT id, last_seq, max_fetched, disorder, polled_at, poll_due, poll_duration, failures, last_error FROM series "
    "WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"};
Sql const stored_raw{"stored_raw", "SELECT id FROM raw_market_data WHERE id = ANY ($1::uuid[])"};
Sql const stored_rejects{"stored_rejects", "SELECT DISTINCT fetch_id FROM fetch_outcomes WHERE fetch_id = ANY ($1::uuid[])"};
Sql const stored_points{"stored_points", "SELECT s.symbol, s.provider, " + point +
                                             " FROM price_points p CROSS JOIN LATERAL (SELECT symbol, provider FROM series "
                                             "WHERE id = p.series_id LIMIT 1) s WHERE p.id = ANY ($1::uuid[])"};
// An answer without points needs no lock, so another try of it may have come between: then it is stored, and that is all we want.
Sql const insert_raw{
    "insert_raw",
    "INSERT INTO raw_market_data (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, "
    "cause, attempt, group_id, tick_due) SELECT id, provider, symbols::text[], http_status, content_type, body, truncated, "
    "fetched_at, duration, cause, attempt, group_id, tick_due FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], "
    "$5::text[], $6::bytea[], $7::boolean[], $8::timestamptz[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], "
    "$13::timestamptz[]) AS u (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, "
    "cause, attempt, group_id, tick_due) ON CONFLICT DO NOTHING"};
Sql const insert_points{
    "insert_points",
    "INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source, currency) "
    "SELECT series_id, seq, id, price::numeric, quoted, fetched_at, raw_data_id, time_source, nullif(currency, '') "
    "FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::uuid[], "
    "$8::bigint[], $9::text[]) AS u (series_id, seq, id, price, quoted, fetched_at, raw_data_id, time_source, currency)"};
Sql const insert_rejects{
    "insert_rejects",
    "INSERT INTO fetch_outcomes (fetch_id, symbol, provider, outcome, reason, answered, fetched_at, duration, cause, "
    "attempt, group_id, tick_due) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], "
    "$6::boolean[], $7::timestamptz[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::timestamptz[]) "
    "ON CONFLICT DO NOTHING"};
Sql const update_series{
    "update_series",
    "UPDATE series s SET last_seq = u.last_seq, max_fetched = u.max_fetched, disorder = u.disorder, "
    "polled_at = u.polled_at, poll_due = u.poll_due, poll_duration = u.poll_duration, failures = u.failures, "
    "last_error = u.last_error FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], "
    "$5::timestamptz[], $6::timestamptz[], $7::bigint[], $8::bigint[], $9::text[]) AS u (id, last_seq, max_fetched, "
    "disorder, polled_at, poll_due, poll_duration, failures, last_error) WHERE s.id = u.id"};
Sql const settle{"settle",
                 "UPDATE poll_progress g SET last_settled = u.due FROM unnest($1::bigint[], $2::timestamptz[]) AS u (id, due) "
                 "WHERE g.id = u.id AND (g.last_settled IS NULL OR g.last_settled < u.due)"};
Sql const publish{"publish",
                  "WITH head AS (UPDATE outbox_head SET position = position + $3::bigint WHERE id = 1 RETURNING position) "
                  "INSERT INTO outbox (position, series_id, seq) SELECT head.position - $3::bigint + u.nr, u.series_id, u.seq "
                  "FROM head CROSS JOIN unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS u (series_id, seq, nr)"};
std::string const copy_raw =
    "COPY raw_market_data (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, cause, "
    "attempt, group_id, tick_due) FROM STDIN (FORMAT binary)";
std::string const copy_points =
    "COPY price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source, currency) "
    "FROM STDIN (FORMAT binary)";
}  // namespace ingest

namespace prices {
Sql const find_series{"known_series", "SELECT id, last_seq, disorder FROM series WHERE symbol = $1::text AND provider = $2::text"};
Sql const latest{"latest", "SELECT " + point +
                               " FROM series s JOIN price_points p ON p.series_id = s.id AND p.seq = s.last_seq "
                               "WHERE s.symbol = $1::text AND s.provider = $2::text"};
Sql const each_latest{"each_latest", "SELECT s.symbol, s.provider, p.* FROM series s CROSS JOIN LATERAL (SELECT " + point +
                                         " FROM price_points p WHERE p.series_id = s.id AND p.seq = s.last_seq LIMIT 1) p"};
// seq is dense, and fetched_at rises with it but for the disorder that the caller allows for: so the end of a range of times is
// found by halving, in the server.
Sql const last_before{
    "last_before",
    "WITH RECURSIVE halving (low, high) AS (SELECT 0::bigint, $2::bigint + 1 UNION ALL "
    "SELECT CASE WHEN p.fetched_at < $3::timestamptz THEN p.seq ELSE h.low END, "
    "CASE WHEN p.fetched_at < $3::timestamptz THEN h.high ELSE p.seq END FROM halving h CROSS JOIN LATERAL "
    "(SELECT seq, fetched_at FROM price_points WHERE series_id = $1::bigint AND seq = h.low + (h.high - h.low) / 2 LIMIT 1) p "
    "WHERE h.high - h.low > 1) SELECT max(low) FROM halving"};
Sql const ascending{"points_ascending", page_of_points("ASC")};
Sql const descending{"points_descending", page_of_points("DESC")};
Sql const newest_average{"newest_average", "SELECT " + average +
                                               " FROM moving_average WHERE series_id = $1::bigint AND interval = $2::bigint "
                                               "ORDER BY seq DESC LIMIT 1"};
Sql const averages{"averages",
                   "SELECT " + average +
                       " FROM moving_average WHERE series_id = $1::bigint AND interval = $2::bigint AND seq BETWEEN $3::bigint "
                       "AND $4::bigint AND fetched_at >= $5::timestamptz AND fetched_at < $6::timestamptz "
                       "ORDER BY seq DESC LIMIT $7::bigint"};
}  // namespace prices

namespace jobs {
Sql const find{"find_job", "SELECT " + job + " FROM polling_jobs WHERE id = $1::text"};
Sql const find_for_change{"find_job_for_change", "SELECT " + job + " FROM polling_jobs WHERE id = $1::text FOR UPDATE"};
Sql const list{"list_jobs", "SELECT " + job +
                                " FROM polling_jobs WHERE (created_at, id) > ($1::timestamptz, $2::text) "
                                "AND ($3::text IS NULL OR status = $3::text) AND ($4::text IS NULL OR $4::text = ANY (symbols)) "
                                "AND ($5::text IS NULL OR $5::text = ANY (providers)) ORDER BY created_at, id LIMIT $6::bigint"};
Sql const states{
    "target_states",
    "SELECT u.nr, s.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (symbol, provider, nr) CROSS JOIN LATERAL "
    "(SELECT provider, last_seq, max_fetched, disorder, polled_at, poll_due, poll_duration, failures, last_error FROM series "
    "WHERE symbol = u.symbol AND provider = u.provider LIMIT 1) s ORDER BY u.nr"};
Sql const revision{"plan_revision", "SELECT plan_revision FROM store_meta WHERE id = 1"};
Sql const planned{"planned_jobs", "SELECT " + job +
                                      " FROM polling_jobs WHERE status IN ('accepted', 'active') "
                                      "OR (status = 'paused' AND run_requested > run_done) ORDER BY created_at"};
Sql const unpolled{"unpolled_targets",
                   "SELECT j.id, u.symbol, polled.at FROM polling_jobs j CROSS JOIN LATERAL unnest(j.symbols) AS u (symbol) "
                   "CROSS JOIN LATERAL (SELECT max(s.polled_at) AS at FROM unnest(j.providers) AS p (provider) CROSS JOIN LATERAL "
                   "(SELECT polled_at FROM series WHERE symbol = u.symbol AND provider = p.provider LIMIT 1) s) polled "
                   "WHERE j.status = 'active' AND (polled.at IS NULL OR polled.at < j.active_since)"};
Sql const settled{"settled_groups", "SELECT name, last_settled FROM poll_progress WHERE last_settled IS NOT NULL"};
Sql const waits{"provider_waits", "SELECT provider, not_before FROM provider_waits"};
// A job's id is made once: if it is there, this is the same request again.
Sql const insert{"insert_job",
                 "INSERT INTO polling_jobs (" + job +
                     ") VALUES ($1::text, $2::text, $3::text::text[], $4::bigint, $5::text::text[], $6::boolean, "
                     "$7::timestamptz, $8::timestamptz, $9::boolean, $10::bigint, $11::bigint) ON CONFLICT DO NOTHING"};
Sql const update{"update_job", "UPDATE polling_jobs SET (" + job +
                                   ") = ROW ($1::text, $2::text, $3::text::text[], $4::bigint, $5::text::text[], $6::boolean, "
                                   "$7::timestamptz, $8::timestamptz, $9::boolean, $10::bigint, $11::bigint) WHERE id = $1::text"};
Sql const raise_revision{"raise_revision", "UPDATE store_meta SET plan_revision = plan_revision + 1 WHERE id = 1"};
Sql const forget_keys{"forget_keys", "DELETE FROM idempotency_keys WHERE created_at <= $1::timestamptz"};
// Waits for another request with the same key that is under way.
Sql const insert_key{"insert_key",
                     "INSERT INTO idempotency_keys (key, request_digest, job_id, answer, created_at) "
                     "VALUES ($1::text, $2::text, $3::text, $4::text, $5::timestamptz) ON CONFLICT DO NOTHING"};
Sql const read_key{"read_key", "SELECT request_digest, job_id, answer FROM idempotency_keys WHERE key = $1::text"};
Sql const missed{
    "missed_ticks",
    "WITH g AS (INSERT INTO poll_progress AS p (name, last_settled) VALUES ($1::text, $3::timestamptz) ON CONFLICT (name) "
    "DO UPDATE SET last_settled = greatest(p.last_settled, excluded.last_settled) RETURNING id) "
    "INSERT INTO missed_ticks AS m (group_id, first_due, last_due, ticks, reason, provider, interval, symbols) "
    "SELECT g.id, $2::timestamptz, $3::timestamptz, $4::bigint, $5::text, $6::text, $7::bigint, $8::text::text[] FROM g "
    "ON CONFLICT (group_id, first_due) DO UPDATE SET last_due = excluded.last_due, ticks = excluded.ticks "
    "WHERE excluded.last_due > m.last_due"};
// A paused or cancelled job keeps its status.
Sql const progress{"job_progress",
                   "UPDATE polling_jobs SET ticked = ticked OR $2::boolean, run_done = greatest(run_done, $3::bigint), "
                   "status = CASE WHEN $2::boolean AND status = 'accepted' THEN 'active' ELSE status END WHERE id = $1::text"};
Sql const wait{"provider_wait",
               "INSERT INTO provider_waits (provider, not_before) VALUES ($1::text, $2::timestamptz) "
               "ON CONFLICT (provider) DO UPDATE SET not_before = excluded.not_before"};
}  // namespace jobs

namespace meta {
// "mds" in ASCII: one number for all processes that share the database.
Sql const lock_migrations{"lock_migrations", "SELECT pg_advisory_xact_lock(7169139)"};
Sql const has_tables{"has_tables",
                     "SELECT to_regclass('store_meta') IS NOT NULL, EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') "
                     "AND relnamespace = current_schema()::regnamespace)"};
Sql const schema_version{"schema_version", "SELECT schema_version FROM store_meta WHERE id = 1"};
Sql const store_epoch{"store_epoch", "SELECT store_epoch FROM store_meta WHERE id = 1"};
Sql const raise_epoch{"raise_epoch", "UPDATE store_meta SET store_epoch = store_epoch + 1 WHERE id = 1 RETURNING store_epoch"};
Sql const touch{"touch", "UPDATE store_meta SET store_epoch = store_epoch WHERE id = 1"};
}  // namespace meta

std::vector<Sql const*> on_large_tables() {
    return {&names::find_series,
            &names::find_groups,
            &ingest::lock_series,
            &ingest::stored_raw,
            &ingest::stored_rejects,
            &ingest::stored_points,
            &ingest::update_series,
            &ingest::settle,
            &averaging::last_averaged,
            &averaging::points,
            &averaging::stored_points,
            &averaging::not_averaged,
            &outbox::letters,
            &outbox::letter_headers,
            &outbox::replay,
            &prices::find_series,
            &prices::latest,
            &prices::last_before,
            &prices::ascending,
            &prices::descending,
            &prices::newest_average,
            &prices::averages,
            &jobs::find,
            &jobs::find_for_change,
            &jobs::list,
            &jobs::states,
            &jobs::planned,
            &jobs::unpolled,
            &jobs::update,
            &jobs::forget_keys,
            &jobs::read_key,
            &jobs::progress,
            &outbox::read,
            &outbox::prune,
            &outbox::prune_raw,
            &outbox::prune_outcomes};
}

}  // namespace mds::postgres::sql
