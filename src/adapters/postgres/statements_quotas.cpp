#include "adapters/postgres/statements.hpp"

namespace mds::postgres::sql {

namespace quotas {
// "quo" in ASCII, and the provider. The statements after it see what the one that had it before wrote.
Sql const lock{"lock_quota", "SELECT pg_advisory_xact_lock(7435631, hashtext($1::text))"};
Sql const read{"read_quota", "SELECT seconds, per_symbol, starts, ends, cost, polls FROM quota_turns WHERE provider = $1::text"};
Sql const now{"quota_clock", "SELECT clock_timestamp()"};
Sql const add{"add_quota_turns",
              "INSERT INTO quota_turns AS q (provider, seconds, per_symbol, starts, ends, cost, polls) "
              "SELECT $1::text, * FROM unnest($2::bigint[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], "
              "$7::bigint[]) ON CONFLICT (provider, seconds, per_symbol, starts, ends) "
              "DO UPDATE SET cost = q.cost + excluded.cost, polls = q.polls + excluded.polls"};
// A window reaches back by a fortieth more than it is long.
Sql const drop{"drop_quota_turns",
               "DELETE FROM quota_turns WHERE provider = $1::text "
               "AND (cost <= 0 OR ends < clock_timestamp() - seconds * interval '1.05 s')"};
}  // namespace quotas

}  // namespace mds::postgres::sql
