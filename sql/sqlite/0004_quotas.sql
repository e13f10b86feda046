-- What may be spent of providers' quotas when: one row per window and pair of times. Rows go when no window reaches them any more.
CREATE TABLE quota_turns (
    provider   TEXT    NOT NULL,
    seconds    INTEGER NOT NULL,  -- the window, with per_symbol
    per_symbol INTEGER NOT NULL,
    starts     INTEGER NOT NULL,
    ends       INTEGER NOT NULL,
    cost       INTEGER NOT NULL,
    polls      INTEGER NOT NULL,  -- of the cost, what polls took
    PRIMARY KEY (provider, seconds, per_symbol, starts, ends)
) STRICT, WITHOUT ROWID;
