-- Many runs of one version of a pipeline. What was asked never changes; where it is does.
CREATE TABLE sweeps (
    id         TEXT NOT NULL PRIMARY KEY,
    owner      TEXT NOT NULL,
    pipeline   TEXT NOT NULL,
    version    TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    name       TEXT,
    labels     TEXT,
    created_at TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    state      TEXT NOT NULL,
    blocks     TEXT NOT NULL,    -- a JSON array: how many points came at once
    goal       INTEGER NOT NULL,
    begun      INTEGER NOT NULL,
    retrying   INTEGER,
    stopped_by TEXT,
    ended_at   TEXT,
    ended_ms   INTEGER,          -- in the time observed
    spec       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sweeps_by_owner ON sweeps (owner, id);
CREATE INDEX sweeps_unfinished ON sweeps (id) WHERE ended_ms IS NULL;
CREATE INDEX sweeps_by_end ON sweeps (ended_ms) WHERE ended_ms IS NOT NULL;

-- What the next points of a sweep need stays.
CREATE TABLE sweep_inputs (
    sha256 TEXT NOT NULL,
    sweep  TEXT NOT NULL,
    PRIMARY KEY (sha256, sweep)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_inputs_by_sweep ON sweep_inputs (sweep);

-- Where points are is read from the index alone.
CREATE INDEX runs_by_point ON runs (sweep, sweep_point, id, state) WHERE sweep IS NOT NULL;

-- What is asked counts as stored, as that of runs does.
CREATE TRIGGER sweep_comes AFTER INSERT ON sweeps BEGIN
    INSERT INTO stored (owner, blob_bytes, record_bytes) VALUES (new.owner, 0, octet_length(new.spec))
        ON CONFLICT (owner) DO UPDATE SET record_bytes = record_bytes + octet_length(new.spec);
END;
CREATE TRIGGER sweep_goes AFTER DELETE ON sweeps BEGIN
    UPDATE stored SET record_bytes = record_bytes - octet_length(old.spec) WHERE owner = old.owner;
    DELETE FROM sweep_inputs WHERE sweep = old.id;
END;
