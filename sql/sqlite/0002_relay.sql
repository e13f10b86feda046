-- How far the outbox was published to a broker. No row: the consumer reads the outbox itself.
CREATE TABLE relay_cursor (
    name    TEXT    PRIMARY KEY,
    next    INTEGER NOT NULL,  -- the first position that is not known to be on the broker
    term    INTEGER NOT NULL,  -- raised with every claim; fences a former holder
    owner   TEXT    NOT NULL,
    expires INTEGER NOT NULL   -- milliseconds since 1970 UTC
) STRICT, WITHOUT ROWID;
