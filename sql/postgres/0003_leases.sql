-- Who polls what. Keys name shards of targets; no row, or one that has expired, is anybody's. Times are the server's own.
CREATE TABLE poll_leases (
    key     text        COLLATE "C" PRIMARY KEY,
    owner   text        NOT NULL,
    term    bigint      NOT NULL,  -- raised whenever the lease changes hands
    expires timestamptz NOT NULL
) WITH (fillfactor = 50);

-- The replicas that live, among which the leases are dealt out.
CREATE TABLE poll_owners (
    owner   text        PRIMARY KEY,
    expires timestamptz NOT NULL
) WITH (fillfactor = 50);
