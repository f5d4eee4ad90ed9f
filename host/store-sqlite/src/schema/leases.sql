-- Who works on a run. Every write of his carries the fence; an older fence is refused.
CREATE TABLE leases (
    run       TEXT PRIMARY KEY REFERENCES runs (id),
    owner     TEXT NOT NULL,
    fence     INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL,
    worked_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- How often a call of the run is tried again after its command failed.
ALTER TABLE runs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
