-- How the quotas of one account differ from those of all; no bound when NULL.
CREATE TABLE quota_overrides (
    account TEXT NOT NULL REFERENCES accounts (name),
    quota   TEXT NOT NULL,
    bound   TEXT, -- decimal: SQLite has no unsigned 64-bit numbers
    PRIMARY KEY (account, quota)
) STRICT, WITHOUT ROWID;

-- What was used, by the days of UTC.
CREATE TABLE usage (
    account      TEXT NOT NULL,
    day          TEXT NOT NULL,
    runs         INTEGER NOT NULL,
    containers   INTEGER NOT NULL,
    container_ms INTEGER NOT NULL,
    cpu_ms       INTEGER NOT NULL,
    bytes_in     INTEGER NOT NULL,
    bytes_kept   INTEGER NOT NULL,
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_day ON usage (day);

-- What the runs and uploads of an account keep: blobs, equal ones once, and records. Counted by triggers, so that
-- nothing that is written or deleted is forgotten.
CREATE TABLE stored (
    owner        TEXT PRIMARY KEY,
    blob_bytes   INTEGER NOT NULL,
    record_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Told from the blobs themselves for what was uploaded before.
ALTER TABLE uploads ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
-- Whose uploads are, without the others'.
CREATE INDEX uploads_by_owner ON uploads (owner);

-- Which run of an account ended first.
CREATE INDEX runs_by_owner_and_end ON runs (owner, ended_ms) WHERE ended_ms IS NOT NULL;
DROP VIEW deletable;
CREATE VIEW deletable AS
    SELECT id, owner, ended_ms, ended_at FROM runs WHERE ended_ms IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id);
