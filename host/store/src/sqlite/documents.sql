-- What is large lies apart from what is looked at often: SQLite reads and writes a row whole.
CREATE TABLE requested (
    run    TEXT PRIMARY KEY REFERENCES runs (id),
    inputs TEXT NOT NULL,
    params TEXT NOT NULL
) STRICT;
INSERT INTO requested (run, inputs, params) SELECT id, inputs, params FROM runs;
ALTER TABLE runs DROP COLUMN inputs;
ALTER TABLE runs DROP COLUMN params;

CREATE TABLE reports (
    run    TEXT PRIMARY KEY REFERENCES runs (id),
    report TEXT NOT NULL
) STRICT;
INSERT INTO reports (run, report) SELECT id, report FROM runs WHERE report IS NOT NULL;
ALTER TABLE runs DROP COLUMN report;

-- What a call asks for without the bytes of its files, which are in the plan of its step.
CREATE TABLE asked (
    run   TEXT NOT NULL REFERENCES runs (id),
    step  INTEGER NOT NULL,
    place INTEGER NOT NULL,
    call  TEXT NOT NULL,
    PRIMARY KEY (run, step, place)
) STRICT;

-- Time as hosts saw it pass while they worked: ages go by it, whatever the clock does. It begins at the
-- latest moment that is known of.
CREATE TABLE observed (ms INTEGER NOT NULL) STRICT;
INSERT INTO observed (ms) SELECT coalesce(
    (SELECT max(ms) FROM (
        SELECT max(at_ms) AS ms FROM requests
        UNION ALL SELECT CAST(1000 * unixepoch(max(ended_at), 'subsec') AS INTEGER) FROM runs
        UNION ALL SELECT CAST(1000 * unixepoch(max(created_at), 'subsec') AS INTEGER) FROM runs
        UNION ALL SELECT CAST(1000 * unixepoch(max(uploaded_at), 'subsec') AS INTEGER) FROM plugins)),
    CAST(1000 * unixepoch('subsec') AS INTEGER));

-- When a run ended, by the time observed.
DROP INDEX runs_by_end;
ALTER TABLE runs ADD COLUMN ended_ms INTEGER;
UPDATE runs SET ended_ms = CAST(1000 * unixepoch(ended_at, 'subsec') AS INTEGER) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_end ON runs (ended_ms) WHERE ended_ms IS NOT NULL;
