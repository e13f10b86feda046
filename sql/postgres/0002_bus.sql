-- How far the outbox was published to a broker. No row: the consumer reads the outbox itself. Times are the server's own.
CREATE TABLE relay_cursor (
    name    text        PRIMARY KEY,
    next    bigint      NOT NULL,  -- the first position that is not known to be on the broker
    term    bigint      NOT NULL,  -- raised with every claim; fences a former holder
    owner   text        NOT NULL,
    expires timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Offsets count the records of one topic.
ALTER TABLE consumer_offsets ADD COLUMN topic text COLLATE "C" NOT NULL DEFAULT 'price-events';
ALTER TABLE consumer_offsets ALTER COLUMN topic DROP DEFAULT;
ALTER TABLE consumer_offsets DROP CONSTRAINT consumer_offsets_pkey;
ALTER TABLE consumer_offsets ADD PRIMARY KEY (topic, partition);

-- A dead letter is published through the outbox. Its entry has series 0 and names nothing; the letter knows the position.
ALTER TABLE dead_letters ADD COLUMN position bigint;
CREATE UNIQUE INDEX dead_letters_position ON dead_letters (position);

DROP VIEW outbox_text;
CREATE VIEW outbox_text AS
SELECT o.position, s.symbol, s.provider, o.seq, d.topic || '/' || d.partition || '/' || d."offset" AS dead_letter
FROM outbox o LEFT JOIN series s ON s.id = o.series_id LEFT JOIN dead_letters d ON d.position = o.position;
