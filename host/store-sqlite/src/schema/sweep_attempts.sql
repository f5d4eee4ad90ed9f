-- The last run of a point is the one with the highest number; ids follow the clocks of those who made them.
ALTER TABLE runs ADD COLUMN sweep_attempt INTEGER;
UPDATE runs SET sweep_attempt = numbered.attempt
    FROM (SELECT id, row_number() OVER (PARTITION BY sweep, sweep_point ORDER BY id) - 1 AS attempt
        FROM runs WHERE sweep IS NOT NULL) AS numbered
    WHERE runs.id = numbered.id;
DROP INDEX runs_by_point;
CREATE INDEX runs_by_point ON runs (sweep, sweep_point, sweep_attempt, id, state) WHERE sweep IS NOT NULL;
