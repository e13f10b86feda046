-- Times are microseconds since 1970 UTC, ids are the 16 bytes of a UUID, prices are exact decimals as text (NUMERIC would turn long
-- ones into floats). The views at the end show all of it in plain text.

CREATE TABLE store_meta (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    store_epoch    INTEGER NOT NULL,  -- raised after a restore from backup
    plan_revision  INTEGER NOT NULL   -- raised with every change of a job
) STRICT;
INSERT INTO store_meta VALUES (1, 0, 1, 1);

-- A symbol as one provider quotes it. The latest price is the point `last_seq`, one look-up by key away. last_seq 0: polled, but no
-- point yet. The row changes with every point anyway, so the state of the polls lives here as well and costs nothing extra.
CREATE TABLE series (
    id            INTEGER PRIMARY KEY,
    symbol        TEXT    NOT NULL,
    provider      TEXT    NOT NULL,
    last_seq      INTEGER NOT NULL DEFAULT 0,
    max_fetched   INTEGER NOT NULL DEFAULT 0,  -- greatest fetched_at of its points
    disorder      INTEGER NOT NULL DEFAULT 0,  -- how far a point's fetched_at ever lay behind an earlier point's: see ranges of history
    polled_at     INTEGER,                     -- receipt of the last poll's answer, or its failure
    poll_due      INTEGER,                     -- the last tick that was polled
    poll_duration INTEGER,                     -- microseconds
    failures      INTEGER NOT NULL DEFAULT 0,  -- polls failed in a row
    last_error    TEXT,
    UNIQUE (symbol, provider)
) STRICT;

-- No foreign key holds raw rows: they may be pruned by age.
CREATE TABLE raw_market_data (
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    provider     TEXT    NOT NULL,
    symbols      TEXT    NOT NULL,  -- as asked for, a JSON array
    http_status  INTEGER,           -- NULL: did not come by HTTP
    content_type TEXT    NOT NULL,
    body         BLOB    NOT NULL,  -- as received, secrets masked
    truncated    INTEGER NOT NULL,  -- the answer was larger than the cap
    fetched_at   INTEGER NOT NULL,
    duration     INTEGER NOT NULL,  -- microseconds from request to receipt
    cause        TEXT    NOT NULL,  -- schedule, immediate, read, foreign
    attempt      INTEGER NOT NULL,
    group_id     INTEGER,           -- fetch group and tick, where a tick of the schedule asked
    tick_due     INTEGER
) STRICT;

CREATE TABLE price_points (
    series_id   INTEGER NOT NULL REFERENCES series (id),
    seq         INTEGER NOT NULL CHECK (seq > 0),  -- 1, 2, 3 ... without holes
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    price       TEXT    NOT NULL,
    timestamp   INTEGER NOT NULL,  -- the quote's time
    fetched_at  INTEGER NOT NULL,
    raw_data_id BLOB    NOT NULL CHECK (length(raw_data_id) = 16),
    time_source INTEGER NOT NULL,  -- of `timestamp`. 0: quote, 1: date, 2: receive
    currency    TEXT,
    PRIMARY KEY (series_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX price_points_id ON price_points (id);

CREATE TABLE moving_average (
    series_id     INTEGER NOT NULL REFERENCES series (id),
    interval      INTEGER NOT NULL,  -- points in the window: 5
    seq           INTEGER NOT NULL,  -- of the newest point in the window
    average_price TEXT    NOT NULL,
    timestamp     INTEGER NOT NULL,
    fetched_at    INTEGER NOT NULL,
    PRIMARY KEY (series_id, interval, seq)
) STRICT, WITHOUT ROWID;

-- The log of events: dense positions in the order of commit. The point itself is joined when it is read.
CREATE TABLE outbox (
    position  INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL,
    seq       INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox_head (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL  -- the last one given
) STRICT;
INSERT INTO outbox_head VALUES (1, 0);

CREATE TABLE consumer_offsets (
    partition INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL,  -- raised with every claim; fences a former owner
    next      INTEGER NOT NULL   -- first record that the tables do not reflect
) STRICT;

CREATE TABLE dead_letters (
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    offset      INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    value       BLOB    NOT NULL,
    error_class TEXT    NOT NULL,
    error       TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, offset)
) STRICT;
CREATE TABLE dead_letter_headers (
    topic     TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    offset    INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    name      BLOB    NOT NULL,
    value     BLOB    NOT NULL,
    PRIMARY KEY (topic, partition, offset, ordinal)
) STRICT, WITHOUT ROWID;

-- Fetch groups and how far each has come.
CREATE TABLE poll_progress (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    last_settled INTEGER
) STRICT;

-- One row for every symbol that a fetch gave no point for.
CREATE TABLE fetch_outcomes (
    fetch_id   BLOB    NOT NULL CHECK (length(fetch_id) = 16),
    symbol     TEXT    NOT NULL,
    provider   TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    answered   INTEGER NOT NULL,  -- 1: raw_market_data has a row with id = fetch_id
    fetched_at INTEGER NOT NULL,
    duration   INTEGER NOT NULL,
    cause      TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    group_id   INTEGER,
    tick_due   INTEGER,
    PRIMARY KEY (fetch_id, symbol)
) STRICT, WITHOUT ROWID;

-- Due ticks that were not tried, one row for a run of them.
CREATE TABLE missed_ticks (
    group_id  INTEGER NOT NULL REFERENCES poll_progress (id),
    first_due INTEGER NOT NULL,
    last_due  INTEGER NOT NULL,
    ticks     INTEGER NOT NULL,
    reason    TEXT    NOT NULL,
    provider  TEXT    NOT NULL,
    interval  INTEGER NOT NULL,  -- seconds
    symbols   TEXT    NOT NULL,  -- a JSON array
    PRIMARY KEY (group_id, first_due)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_waits (
    provider   TEXT    PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE polling_jobs (
    id               TEXT    PRIMARY KEY,
    status           TEXT    NOT NULL,
    symbols          TEXT    NOT NULL,  -- a JSON array
    interval         INTEGER NOT NULL,  -- seconds
    providers        TEXT    NOT NULL,  -- a JSON array, failover order
    provider_is_list INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    active_since     INTEGER NOT NULL,
    ticked           INTEGER NOT NULL,
    run_requested    INTEGER NOT NULL,
    run_done         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX polling_jobs_created ON polling_jobs (created_at, id);
CREATE INDEX polling_jobs_planned ON polling_jobs (created_at)
    WHERE status IN ('accepted', 'active') OR (status = 'paused' AND run_requested > run_done);

CREATE TABLE idempotency_keys (
    key            TEXT    PRIMARY KEY,
    request_digest TEXT    NOT NULL,
    job_id         TEXT    NOT NULL,
    answer         TEXT    NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- For people.

CREATE VIEW price_points_text AS
SELECT s.symbol, s.provider, p.seq, p.price,
       strftime('%Y-%m-%dT%H:%M:%S', p.timestamp / 1000000, 'unixepoch') || printf('.%06dZ', p.timestamp % 1000000) AS timestamp,
       strftime('%Y-%m-%dT%H:%M:%S', p.fetched_at / 1000000, 'unixepoch') || printf('.%06dZ', p.fetched_at % 1000000) AS fetched_at,
       lower(substr(hex(p.id), 1, 8) || '-' || substr(hex(p.id), 9, 4) || '-' || substr(hex(p.id), 13, 4) || '-' ||
             substr(hex(p.id), 17, 4) || '-' || substr(hex(p.id), 21)) AS id,
       lower(substr(hex(p.raw_data_id), 1, 8) || '-' || substr(hex(p.raw_data_id), 9, 4) || '-' || substr(hex(p.raw_data_id), 13, 4) ||
             '-' || substr(hex(p.raw_data_id), 17, 4) || '-' || substr(hex(p.raw_data_id), 21)) AS raw_data_id,
       CASE p.time_source WHEN 0 THEN 'quote' WHEN 1 THEN 'date' ELSE 'receive' END AS time_source,
       p.currency
FROM price_points p JOIN series s ON s.id = p.series_id;

CREATE VIEW latest_prices AS
SELECT s.symbol, s.provider, p.price, p.seq,
       strftime('%Y-%m-%dT%H:%M:%S', p.timestamp / 1000000, 'unixepoch') || printf('.%06dZ', p.timestamp % 1000000) AS timestamp,
       strftime('%Y-%m-%dT%H:%M:%S', p.fetched_at / 1000000, 'unixepoch') || printf('.%06dZ', p.fetched_at % 1000000) AS fetched_at
FROM series s JOIN price_points p ON p.series_id = s.id AND p.seq = s.last_seq;

CREATE VIEW moving_average_text AS
SELECT s.symbol, s.provider, m.interval, m.seq, m.average_price,
       strftime('%Y-%m-%dT%H:%M:%S', m.timestamp / 1000000, 'unixepoch') || printf('.%06dZ', m.timestamp % 1000000) AS timestamp,
       strftime('%Y-%m-%dT%H:%M:%S', m.fetched_at / 1000000, 'unixepoch') || printf('.%06dZ', m.fetched_at % 1000000) AS fetched_at
FROM moving_average m JOIN series s ON s.id = m.series_id;

CREATE VIEW raw_market_data_text AS
SELECT lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' || substr(hex(r.id), 13, 4) || '-' ||
             substr(hex(r.id), 17, 4) || '-' || substr(hex(r.id), 21)) AS id,
       r.provider, r.symbols, r.http_status, r.content_type, CAST(r.body AS TEXT) AS body, r.truncated,
       strftime('%Y-%m-%dT%H:%M:%S', r.fetched_at / 1000000, 'unixepoch') || printf('.%06dZ', r.fetched_at % 1000000) AS fetched_at,
       r.duration / 1000.0 AS duration_ms, r.cause, r.attempt, g.name AS fetch_group,
       strftime('%Y-%m-%dT%H:%M:%S', r.tick_due / 1000000, 'unixepoch') || printf('.%06dZ', r.tick_due % 1000000) AS tick_due
FROM raw_market_data r LEFT JOIN poll_progress g ON g.id = r.group_id;

CREATE VIEW fetch_outcomes_text AS
SELECT o.symbol, o.provider, o.outcome, o.reason,
       strftime('%Y-%m-%dT%H:%M:%S', o.fetched_at / 1000000, 'unixepoch') || printf('.%06dZ', o.fetched_at % 1000000) AS fetched_at,
       CASE o.answered WHEN 1 THEN lower(substr(hex(o.fetch_id), 1, 8) || '-' || substr(hex(o.fetch_id), 9, 4) || '-' ||
             substr(hex(o.fetch_id), 13, 4) || '-' || substr(hex(o.fetch_id), 17, 4) || '-' || substr(hex(o.fetch_id), 21)) END
             AS raw_data_id,
       o.duration / 1000.0 AS duration_ms, o.cause, o.attempt, g.name AS fetch_group,
       strftime('%Y-%m-%dT%H:%M:%S', o.tick_due / 1000000, 'unixepoch') || printf('.%06dZ', o.tick_due % 1000000) AS tick_due
FROM fetch_outcomes o LEFT JOIN poll_progress g ON g.id = o.group_id;

CREATE VIEW missed_ticks_text AS
SELECT g.name AS fetch_group, m.provider, m.symbols, m.interval, m.ticks, m.reason,
       strftime('%Y-%m-%dT%H:%M:%S', m.first_due / 1000000, 'unixepoch') || printf('.%06dZ', m.first_due % 1000000) AS first_due,
       strftime('%Y-%m-%dT%H:%M:%S', m.last_due / 1000000, 'unixepoch') || printf('.%06dZ', m.last_due % 1000000) AS last_due
FROM missed_ticks m JOIN poll_progress g ON g.id = m.group_id;

CREATE VIEW outbox_text AS
SELECT o.position, s.symbol, s.provider, o.seq FROM outbox o JOIN series s ON s.id = o.series_id;

CREATE VIEW polling_jobs_text AS
SELECT id, status, symbols, interval, providers,
       strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch') || printf('.%06dZ', created_at % 1000000) AS created_at,
       strftime('%Y-%m-%dT%H:%M:%S', active_since / 1000000, 'unixepoch') || printf('.%06dZ', active_since % 1000000) AS active_since,
       ticked, run_requested, run_done
FROM polling_jobs;

CREATE VIEW dead_letters_text AS
SELECT topic, partition, offset, CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value, error_class, error,
       strftime('%Y-%m-%dT%H:%M:%S', received_at / 1000000, 'unixepoch') || printf('.%06dZ', received_at % 1000000) AS received_at
FROM dead_letters;
