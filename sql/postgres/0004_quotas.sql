-- What may be spent of providers' quotas when: one row per window and pair of times. Rows go when no window reaches them any more.
CREATE TABLE quota_turns (
    provider   text        COLLATE "C",
    seconds    bigint,                -- the window, with per_symbol
    per_symbol boolean,
    starts     timestamptz,           -- by the server's clock
    ends       timestamptz,
    cost       bigint      NOT NULL,
    polls      bigint      NOT NULL,  -- of the cost, what polls took
    PRIMARY KEY (provider, seconds, per_symbol, starts, ends)
);
