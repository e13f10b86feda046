-- Prices are exact decimals, times are timestamptz (microseconds, UTC), durations whole microseconds. Names of symbols and providers
-- compare as bytes (COLLATE "C"). No foreign keys: every writer is this program, series are never removed, and a look-up per row of
-- the hottest tables would buy nothing. The views at the end show symbol and provider in plain text.

CREATE TABLE store_meta (
    id             integer PRIMARY KEY CHECK (id = 1),
    schema_version bigint  NOT NULL,
    store_epoch    bigint  NOT NULL,  -- raised after a restore from backup
    plan_revision  bigint  NOT NULL   -- raised with every change of a job
);
INSERT INTO store_meta VALUES (1, 0, 1, 1);

-- A symbol as one provider quotes it. The latest price is the point `last_seq`, one look-up by key away. last_seq 0: polled, but no
-- point yet. The row changes with every point anyway, so the state of the polls lives here as well and costs nothing extra. Free space
-- in the page lets the new version of a row stay beside the old one.
CREATE TABLE series (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol        text        COLLATE "C" NOT NULL,
    provider      text        COLLATE "C" NOT NULL,
    last_seq      bigint      NOT NULL DEFAULT 0,
    max_fetched   timestamptz NOT NULL DEFAULT 'epoch',  -- greatest fetched_at of its points
    disorder      bigint      NOT NULL DEFAULT 0,        -- how far a point's fetched_at ever lay behind an earlier point's, microseconds
    polled_at     timestamptz,                           -- receipt of the last poll's answer, or its failure
    poll_due      timestamptz,                           -- the last tick that was polled
    poll_duration bigint      NOT NULL DEFAULT 0,        -- microseconds
    failures      bigint      NOT NULL DEFAULT 0,        -- polls failed in a row
    last_error    text        NOT NULL DEFAULT '',
    UNIQUE (symbol, provider)
) WITH (fillfactor = 50);

-- May be pruned by age: nothing holds these rows.
CREATE TABLE raw_market_data (
    id           uuid        PRIMARY KEY,
    provider     text        COLLATE "C" NOT NULL,
    symbols      text[]      NOT NULL,  -- as asked for
    http_status  integer,               -- NULL: did not come by HTTP
    content_type text        NOT NULL,
    body         bytea       NOT NULL,  -- as received, secrets masked
    truncated    boolean     NOT NULL,  -- the answer was larger than the cap
    fetched_at   timestamptz NOT NULL,
    duration     bigint      NOT NULL,  -- microseconds from request to receipt
    cause        text        NOT NULL,  -- schedule, immediate, read, foreign
    attempt      integer     NOT NULL,
    group_id     bigint,                -- fetch group and tick, where a tick of the schedule asked
    tick_due     timestamptz
);
CREATE INDEX raw_market_data_age ON raw_market_data (fetched_at);

CREATE TABLE price_points (
    series_id   bigint         NOT NULL,
    seq         bigint         NOT NULL CHECK (seq > 0),  -- 1, 2, 3 ... without holes
    id          uuid           NOT NULL,
    price       numeric(38,18) NOT NULL,
    timestamp   timestamptz    NOT NULL,  -- the quote's time
    fetched_at  timestamptz    NOT NULL,
    raw_data_id uuid           NOT NULL,
    time_source smallint       NOT NULL,  -- of `timestamp`. 0: quote, 1: date, 2: receive
    currency    text,
    PRIMARY KEY (series_id, seq)
);
CREATE UNIQUE INDEX price_points_id ON price_points (id);

CREATE TABLE moving_average (
    series_id     bigint         NOT NULL,
    interval      integer        NOT NULL,  -- points in the window: 5
    seq           bigint         NOT NULL,  -- of the newest point in the window
    average_price numeric(38,19) NOT NULL,
    timestamp     timestamptz    NOT NULL,
    fetched_at    timestamptz    NOT NULL,
    PRIMARY KEY (series_id, interval, seq)
);

-- The log of events: dense positions in the order of commit. The point itself is joined when it is read.
CREATE TABLE outbox (
    position  bigint PRIMARY KEY,
    series_id bigint NOT NULL,
    seq       bigint NOT NULL
);
-- Every ingest takes its positions here, as its last act before COMMIT. One row, many versions: room for them in its page.
CREATE TABLE outbox_head (
    id       integer PRIMARY KEY CHECK (id = 1),
    position bigint  NOT NULL  -- the last one given
) WITH (fillfactor = 10);
INSERT INTO outbox_head VALUES (1, 0);

CREATE TABLE consumer_offsets (
    partition integer PRIMARY KEY,
    epoch     bigint  NOT NULL,  -- raised with every claim; fences a former owner
    next      bigint  NOT NULL   -- first record that the tables do not reflect
) WITH (fillfactor = 50);

CREATE TABLE dead_letters (
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    "offset"    bigint      NOT NULL,
    key         bytea       NOT NULL,
    value       bytea       NOT NULL,
    error_class text        NOT NULL,
    error       text        NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE TABLE dead_letter_headers (
    topic     text    NOT NULL,
    partition integer NOT NULL,
    "offset"  bigint  NOT NULL,
    ordinal   integer NOT NULL,
    name      bytea   NOT NULL,
    value     bytea   NOT NULL,
    PRIMARY KEY (topic, partition, "offset", ordinal)
);

-- Fetch groups and how far each has come.
CREATE TABLE poll_progress (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text   COLLATE "C" NOT NULL UNIQUE,
    last_settled timestamptz
) WITH (fillfactor = 50);

-- One row for every symbol that a fetch gave no point for.
CREATE TABLE fetch_outcomes (
    fetch_id   uuid        NOT NULL,
    symbol     text        COLLATE "C" NOT NULL,
    provider   text        COLLATE "C" NOT NULL,
    outcome    text        NOT NULL,
    reason     text        NOT NULL,
    answered   boolean     NOT NULL,  -- raw_market_data has a row with id = fetch_id
    fetched_at timestamptz NOT NULL,
    duration   bigint      NOT NULL,
    cause      text        NOT NULL,
    attempt    integer     NOT NULL,
    group_id   bigint,
    tick_due   timestamptz,
    PRIMARY KEY (fetch_id, symbol)
);
CREATE INDEX fetch_outcomes_age ON fetch_outcomes (fetched_at);

-- Due ticks that were not tried, one row for a run of them.
CREATE TABLE missed_ticks (
    group_id  bigint      NOT NULL,
    first_due timestamptz NOT NULL,
    last_due  timestamptz NOT NULL,
    ticks     bigint      NOT NULL,
    reason    text        NOT NULL,
    provider  text        NOT NULL,
    interval  bigint      NOT NULL,  -- seconds
    symbols   text[]      NOT NULL,
    PRIMARY KEY (group_id, first_due)
);

CREATE TABLE provider_waits (
    provider   text        PRIMARY KEY,
    not_before timestamptz NOT NULL
);

CREATE TABLE polling_jobs (
    id               text        COLLATE "C" PRIMARY KEY,
    status           text        NOT NULL,
    symbols          text[]      NOT NULL,
    interval         bigint      NOT NULL,  -- seconds
    providers        text[]      NOT NULL,  -- failover order
    provider_is_list boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    active_since     timestamptz NOT NULL,
    ticked           boolean     NOT NULL,
    run_requested    bigint      NOT NULL,
    run_done         bigint      NOT NULL
);
CREATE INDEX polling_jobs_created ON polling_jobs (created_at, id);
CREATE INDEX polling_jobs_planned ON polling_jobs (created_at)
    WHERE status IN ('accepted', 'active') OR (status = 'paused' AND run_requested > run_done);

CREATE TABLE idempotency_keys (
    key            text        COLLATE "C" PRIMARY KEY,
    request_digest text        NOT NULL,
    job_id         text        NOT NULL,
    answer         text        NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- For people.

CREATE VIEW price_points_text AS
SELECT s.symbol, s.provider, p.seq, trim_scale(p.price) AS price, p.timestamp, p.fetched_at, p.id, p.raw_data_id,
       CASE p.time_source WHEN 0 THEN 'quote' WHEN 1 THEN 'date' ELSE 'receive' END AS time_source, p.currency
FROM price_points p JOIN series s ON s.id = p.series_id;

CREATE VIEW latest_prices AS
SELECT s.symbol, s.provider, trim_scale(p.price) AS price, p.seq, p.timestamp, p.fetched_at
FROM series s JOIN price_points p ON p.series_id = s.id AND p.seq = s.last_seq;

CREATE VIEW moving_average_text AS
SELECT s.symbol, s.provider, m.interval, m.seq, trim_scale(m.average_price) AS average_price, m.timestamp, m.fetched_at
FROM moving_average m JOIN series s ON s.id = m.series_id;

CREATE VIEW raw_market_data_text AS
SELECT r.id, r.provider, r.symbols, r.http_status, r.content_type, encode(r.body, 'escape') AS body, r.truncated, r.fetched_at,
       r.duration / 1000.0 AS duration_ms, r.cause, r.attempt, g.name AS fetch_group, r.tick_due
FROM raw_market_data r LEFT JOIN poll_progress g ON g.id = r.group_id;

CREATE VIEW fetch_outcomes_text AS
SELECT o.symbol, o.provider, o.outcome, o.reason, o.fetched_at, CASE WHEN o.answered THEN o.fetch_id END AS raw_data_id,
       o.duration / 1000.0 AS duration_ms, o.cause, o.attempt, g.name AS fetch_group, o.tick_due
FROM fetch_outcomes o LEFT JOIN poll_progress g ON g.id = o.group_id;

CREATE VIEW missed_ticks_text AS
SELECT g.name AS fetch_group, m.provider, m.symbols, m.interval, m.ticks, m.reason, m.first_due, m.last_due
FROM missed_ticks m JOIN poll_progress g ON g.id = m.group_id;

CREATE VIEW outbox_text AS
SELECT o.position, s.symbol, s.provider, o.seq FROM outbox o JOIN series s ON s.id = o.series_id;

CREATE VIEW dead_letters_text AS
SELECT topic, partition, "offset", encode(key, 'escape') AS key, encode(value, 'escape') AS value, error_class, error, received_at
FROM dead_letters;
