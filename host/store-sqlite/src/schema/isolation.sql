-- What keeps the calls of a version from each other.
ALTER TABLE plugins ADD COLUMN isolation TEXT NOT NULL DEFAULT 'container';
