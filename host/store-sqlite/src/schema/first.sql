CREATE TABLE plugins (
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    manifest    TEXT NOT NULL,
    uploaded_at TEXT NOT NULL,
    retired_at  TEXT,
    PRIMARY KEY (name, version)
) STRICT;

CREATE TABLE runs (
    id               TEXT PRIMARY KEY,
    pipeline         TEXT NOT NULL,
    version          TEXT NOT NULL,
    sha256           TEXT NOT NULL,
    params           TEXT NOT NULL,
    inputs           TEXT NOT NULL,
    seed             TEXT NOT NULL, -- decimal: SQLite has no unsigned 64-bit numbers
    state            TEXT NOT NULL,
    steps            INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    ended_at         TEXT,
    report           TEXT,
    error            TEXT,
    last_event       INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_pipeline ON runs (pipeline, id);
CREATE INDEX runs_by_pipeline_and_state ON runs (pipeline, state, id);

CREATE TABLE steps (
    run  TEXT NOT NULL REFERENCES runs (id),
    step INTEGER NOT NULL,
    plan TEXT NOT NULL,
    PRIMARY KEY (run, step)
) STRICT;

-- What a call asks for is in the plan of its step.
CREATE TABLE calls (
    run     TEXT NOT NULL REFERENCES runs (id),
    step    INTEGER NOT NULL,
    place   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ending  TEXT,
    PRIMARY KEY (run, step, place, attempt)
) STRICT;

CREATE TABLE artifacts (
    run        TEXT NOT NULL REFERENCES runs (id),
    ordinal    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    step       INTEGER,
    place      INTEGER,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (run, ordinal)
) STRICT;

CREATE TABLE events (
    run      TEXT NOT NULL REFERENCES runs (id),
    sequence INTEGER NOT NULL,
    at       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    data     TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT;
