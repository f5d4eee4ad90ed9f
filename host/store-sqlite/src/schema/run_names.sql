-- What people call their runs and sort them by, the sweeps that made them, and what lists are filtered by.
ALTER TABLE runs ADD COLUMN name TEXT;
ALTER TABLE runs ADD COLUMN name_folded TEXT; -- in lower case, all letters of it: SQLite folds those of ASCII
ALTER TABLE runs ADD COLUMN labels TEXT;      -- a JSON object, when there are any
ALTER TABLE runs ADD COLUMN sweep TEXT;
ALTER TABLE runs ADD COLUMN sweep_point INTEGER;
-- A damaged error damages its run only.
ALTER TABLE runs ADD COLUMN error_kind TEXT
    GENERATED ALWAYS AS (CASE WHEN json_valid(error) THEN error ->> 'kind' END) VIRTUAL;

-- Lists go by id. What has no index of its own is looked for in this one, and not in the rows.
DROP INDEX runs_by_owner;
CREATE INDEX runs_by_owner ON runs (owner, id, pipeline, version, state, error_kind, created_at);
DROP INDEX runs_by_owner_pipeline_and_state;
CREATE INDEX runs_by_owner_pipeline_and_state ON runs (owner, pipeline, state, id, version);
CREATE INDEX runs_by_owner_and_time_of_end ON runs (owner, ended_at, state, pipeline) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_owner_and_name ON runs (owner, id, name_folded) WHERE name_folded IS NOT NULL;
CREATE INDEX runs_by_sweep ON runs (sweep, id) WHERE sweep IS NOT NULL;

-- The labels of runs, to find runs by them.
CREATE TABLE labels (
    owner TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    run   TEXT NOT NULL,
    PRIMARY KEY (owner, key, value, run)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER labels_come AFTER INSERT ON runs WHEN new.labels IS NOT NULL BEGIN
    INSERT INTO labels (owner, key, value, run)
        SELECT new.owner, label.key, label.value, new.id FROM json_each(new.labels) AS label;
END;
CREATE TRIGGER labels_change AFTER UPDATE OF labels ON runs BEGIN
    DELETE FROM labels WHERE (owner, key, value, run) IN
        (SELECT old.owner, label.key, label.value, old.id FROM json_each(old.labels) AS label);
    INSERT INTO labels (owner, key, value, run)
        SELECT new.owner, label.key, label.value, new.id FROM json_each(new.labels) AS label;
END;
CREATE TRIGGER labels_go AFTER DELETE ON runs WHEN old.labels IS NOT NULL BEGIN
    DELETE FROM labels WHERE (owner, key, value, run) IN
        (SELECT old.owner, label.key, label.value, old.id FROM json_each(old.labels) AS label);
END;
