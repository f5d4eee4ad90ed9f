-- How many changes of a version's life were stored: a change is stored if none was since it was decided on.
ALTER TABLE plugins ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
