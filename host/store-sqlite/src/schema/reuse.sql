-- By what a call is known, while what came of it may be taken by equal calls.
ALTER TABLE calls ADD COLUMN key TEXT;

-- Whether results of earlier, equal calls may be taken by those of the run.
ALTER TABLE runs ADD COLUMN reuse INTEGER NOT NULL DEFAULT 1;

-- Results that equal calls may take, by the digest of their key.
CREATE TABLE offers (
    key        TEXT NOT NULL,
    owner      TEXT NOT NULL,
    run        TEXT NOT NULL REFERENCES runs (id),
    step       INTEGER NOT NULL,
    call_index INTEGER NOT NULL,
    PRIMARY KEY (key, owner, run, step, call_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_run ON offers (run, step, call_index);
CREATE INDEX offers_by_owner ON offers (owner, run);

DROP VIEW newest_calls;
CREATE VIEW newest_calls AS
    SELECT calls.run, calls.step, calls.call_index, attempt, started, key, ending, call FROM calls
    LEFT JOIN asked ON asked.run = calls.run AND asked.step = calls.step AND asked.call_index = calls.call_index
    WHERE attempt = (SELECT max(attempt) FROM calls AS every
        WHERE every.run = calls.run AND every.step = calls.step AND every.call_index = calls.call_index);
