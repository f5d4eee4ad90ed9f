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

-- The newest attempt at each call, with what the call asks for.
CREATE VIEW newest_calls AS
    SELECT calls.run, calls.step, calls.place, attempt, started, ending, call FROM calls
    LEFT JOIN asked ON asked.run = calls.run AND asked.step = calls.step AND asked.place = calls.place
    WHERE attempt = (SELECT max(attempt) FROM calls AS every
        WHERE every.run = calls.run AND every.step = calls.step AND every.place = calls.place);

-- Runs that may be deleted.
CREATE VIEW deletable AS
    SELECT id, ended_ms, ended_at FROM runs WHERE ended_ms IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM requests WHERE requests.run = runs.id);

-- What of a run may be large. The length of a text is known without reading it.
CREATE VIEW records AS
    SELECT run, octet_length(inputs) + octet_length(params) AS bytes FROM requested
    UNION ALL SELECT run, octet_length(report) FROM reports
    UNION ALL SELECT run, octet_length(plan) FROM steps
    UNION ALL SELECT run, octet_length(call) FROM asked
    UNION ALL SELECT run, octet_length(ending) FROM calls
    UNION ALL SELECT run, octet_length(data) FROM events;
