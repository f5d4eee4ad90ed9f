-- Requests that may come again: either the run that came of one, or the answer it got.
CREATE TABLE requests (
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    run         TEXT REFERENCES runs (id),
    answer      TEXT,
    PRIMARY KEY (scope, key),
    CHECK ((run IS NULL) <> (answer IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (at_ms);
CREATE INDEX requests_by_run ON requests (run) WHERE run IS NOT NULL;

-- Runs that were deleted: all that is left of them.
CREATE TABLE deletions (
    run      TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    at       TEXT NOT NULL,
    why      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What still shows a blob.
CREATE INDEX artifacts_by_blob ON artifacts (sha256);
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;
