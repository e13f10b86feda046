#include "adapters/postgres/statements.hpp"

namespace mds::postgres::sql {

namespace leases {
// A round asks twice a second, and writes only where a third of the time to live has passed: most rounds cost no flush of the log.
Sql const live{"live_lease_owner",
               "INSERT INTO poll_owners AS o (owner, expires) VALUES ($1::text, clock_timestamp() + $2::bigint * interval '1 ms') "
               "ON CONFLICT (owner) DO UPDATE SET expires = EXCLUDED.expires "
               "WHERE o.expires < clock_timestamp() + $2::bigint * interval '1 ms' * 2 / 3"};
Sql const forget{"forget_leases",
                 "WITH gone AS (DELETE FROM poll_owners WHERE expires < clock_timestamp() - interval '1 minute') "
                 "DELETE FROM poll_leases WHERE expires < clock_timestamp() - interval '1 day'"};
Sql const make{
    "make_leases",
    "INSERT INTO poll_leases (key, owner, term, expires) SELECT k, '', 0, clock_timestamp() FROM unnest($1::text::text[]) AS k "
    "WHERE NOT EXISTS (SELECT FROM poll_leases WHERE key = k) ON CONFLICT DO NOTHING"};
// In the order in which commits hold them: two that meet wait for each other one way round.
Sql const renew{"renew_leases",
                "WITH mine AS (SELECT key FROM poll_leases WHERE owner = $1::text AND expires > clock_timestamp() "
                "AND expires < clock_timestamp() + $2::bigint * interval '1 ms' * 2 / 3 ORDER BY key FOR UPDATE) "
                "UPDATE poll_leases l SET expires = clock_timestamp() + $2::bigint * interval '1 ms' FROM mine "
                "WHERE l.key = mine.key"};
// What is free, whoever had it, as far as the share goes. Rows that somebody else is about to take are passed over.
Sql const claim{
    "claim_leases",
    "WITH free AS (SELECT key FROM poll_leases WHERE key = ANY ($2::text::text[]) AND expires <= clock_timestamp() ORDER BY key "
    "LIMIT greatest(0, (SELECT ceil(cardinality($2::text::text[])::numeric / greatest(1, count(*))) FROM poll_owners "
    "WHERE expires > clock_timestamp()) - (SELECT count(*) FROM poll_leases WHERE owner = $1::text "
    "AND key = ANY ($2::text::text[]) AND expires > clock_timestamp()))::bigint FOR UPDATE SKIP LOCKED) "
    "UPDATE poll_leases l SET owner = $1::text, term = l.term + 1, "
    "expires = clock_timestamp() + $3::bigint * interval '1 ms' FROM free WHERE l.key = free.key"};
Sql const share{"share_of_leases",
                "SELECT ceil(cardinality($1::text::text[])::numeric / greatest(1, count(*)))::bigint FROM poll_owners "
                "WHERE expires > clock_timestamp()"};
Sql const held{"held_leases",
               "SELECT key, term FROM poll_leases WHERE owner = $1::text AND expires > clock_timestamp() ORDER BY key"};
// A renewal waits for it, and a claim passes it over.
Sql const hold{"hold_leases", "SELECT key, term FROM poll_leases WHERE key = ANY ($1::text::text[]) ORDER BY key FOR SHARE"};
Sql const give_back{"give_leases_back",
                    "WITH mine AS (SELECT key FROM poll_leases WHERE owner = $1::text AND key = ANY ($2::text::text[]) "
                    "AND expires > clock_timestamp() ORDER BY key FOR UPDATE) "
                    "UPDATE poll_leases l SET expires = clock_timestamp() FROM mine WHERE l.key = mine.key"};
Sql const give_all_back{
    "give_all_leases_back",
    "WITH mine AS (SELECT key FROM poll_leases WHERE owner = $1::text AND expires > clock_timestamp() ORDER BY key FOR UPDATE) "
    "UPDATE poll_leases l SET expires = clock_timestamp() FROM mine WHERE l.key = mine.key"};
Sql const leave{"leave_leases", "DELETE FROM poll_owners WHERE owner = $1::text"};
}  // namespace leases

}  // namespace mds::postgres::sql
