-- A dead letter that goes back to the topic of events does so through the outbox: an entry of series 0 as well, and the letter knows
-- its position here.
ALTER TABLE dead_letters ADD COLUMN replay_position INTEGER;
CREATE UNIQUE INDEX dead_letters_replay_position ON dead_letters (replay_position);
CREATE INDEX dead_letters_not_replayed ON dead_letters (received_at, topic, partition, offset) WHERE replay_position IS NULL;

DROP VIEW dead_letters_text;
CREATE VIEW dead_letters_text AS
SELECT topic, partition, offset, CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value, error_class, error,
       strftime('%Y-%m-%dT%H:%M:%S', received_at / 1000000, 'unixepoch') || printf('.%06dZ', received_at % 1000000) AS received_at,
       replay_position
FROM dead_letters;
