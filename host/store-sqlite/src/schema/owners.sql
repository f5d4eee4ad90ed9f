-- Whose things are. Until now everything was one person's.
ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
DROP INDEX runs_by_pipeline;
DROP INDEX runs_by_pipeline_and_state;
CREATE INDEX runs_by_owner ON runs (owner, id);
CREATE INDEX runs_by_owner_and_state ON runs (owner, state, id);
CREATE INDEX runs_by_owner_and_pipeline ON runs (owner, pipeline, id);
CREATE INDEX runs_by_owner_pipeline_and_state ON runs (owner, pipeline, state, id);
-- Who works on a run is not whose it is.
ALTER TABLE leases RENAME COLUMN owner TO holder;
ALTER TABLE deletions ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';

ALTER TABLE plugins ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
ALTER TABLE plugin_events ADD COLUMN account TEXT NOT NULL DEFAULT 'local';

-- The owner of its run: whether bytes are his to name must not take longer the more others have them.
ALTER TABLE artifacts ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
DROP INDEX artifacts_by_blob;
CREATE INDEX artifacts_by_blob ON artifacts (sha256, owner);

-- Who uploaded which bytes.
CREATE TABLE uploads (
    sha256 TEXT NOT NULL,
    owner  TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (sha256, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_age ON uploads (at_ms);

-- Keys are each owner's own.
DROP VIEW deletable;
CREATE TABLE owned_requests (
    owner       TEXT NOT NULL,
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    run         TEXT REFERENCES runs (id),
    answer      TEXT,
    PRIMARY KEY (owner, scope, key),
    CHECK ((run IS NULL) <> (answer IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO owned_requests (owner, scope, key, fingerprint, at_ms, run, answer)
    SELECT 'local', CASE WHEN scope LIKE 'everyone %' THEN substr(scope, length('everyone ') + 1) ELSE scope END,
        key, fingerprint, at_ms, run, answer FROM requests;
DROP TABLE requests;
ALTER TABLE owned_requests RENAME TO requests;
CREATE INDEX requests_by_age ON requests (at_ms);
CREATE INDEX requests_by_run ON requests (run) WHERE run IS NOT NULL;
CREATE VIEW deletable AS
    SELECT id, ended_ms, ended_at FROM runs WHERE ended_ms IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id);

-- The position of a call in its step has one name everywhere.
ALTER TABLE calls RENAME COLUMN place TO call_index;
ALTER TABLE asked RENAME COLUMN place TO call_index;
ALTER TABLE artifacts RENAME COLUMN place TO call_index;
DROP VIEW newest_calls;
CREATE VIEW newest_calls AS
    SELECT calls.run, calls.step, calls.call_index, attempt, started, ending, call FROM calls
    LEFT JOIN asked ON asked.run = calls.run AND asked.step = calls.step AND asked.call_index = calls.call_index
    WHERE attempt = (SELECT max(attempt) FROM calls AS every
        WHERE every.run = calls.run AND every.step = calls.step AND every.call_index = calls.call_index);
