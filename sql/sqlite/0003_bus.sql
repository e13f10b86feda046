-- Offsets count the records of one topic.
CREATE TABLE consumer_offsets_of_topics (
    topic     TEXT    NOT NULL,
    partition INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,  -- raised with every claim; fences a former owner
    next      INTEGER NOT NULL,  -- first record that the tables do not reflect
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
INSERT INTO consumer_offsets_of_topics SELECT 'price-events', partition, epoch, next FROM consumer_offsets;
DROP TABLE consumer_offsets;
ALTER TABLE consumer_offsets_of_topics RENAME TO consumer_offsets;

-- A dead letter is published through the outbox. Its entry has series 0 and names nothing; the letter knows the position.
ALTER TABLE dead_letters ADD COLUMN position INTEGER;
CREATE UNIQUE INDEX dead_letters_position ON dead_letters (position);

DROP VIEW outbox_text;
CREATE VIEW outbox_text AS
SELECT o.position, s.symbol, s.provider, o.seq, d.topic || '/' || d.partition || '/' || d.offset AS dead_letter
FROM outbox o LEFT JOIN series s ON s.id = o.series_id LEFT JOIN dead_letters d ON d.position = o.position;
