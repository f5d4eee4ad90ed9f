-- Who did what. Records are put at the end, one after the other, and nothing changes them.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    format   INTEGER NOT NULL,
    at       TEXT NOT NULL,
    account  TEXT,
    role     TEXT,
    via      TEXT NOT NULL,
    request  TEXT,
    action   TEXT NOT NULL,
    subject  TEXT,
    result   TEXT NOT NULL,
    problem  TEXT,
    detail   TEXT,
    previous TEXT,
    hash     TEXT NOT NULL
) STRICT;
-- What one account did, and what was done of one kind.
CREATE INDEX audit_by_account ON audit (account, sequence);
CREATE INDEX audit_by_action ON audit (action, sequence);
CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'records of the audit log are not changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'records of the audit log are not deleted'); END;
-- INSERT OR REPLACE deletes without the trigger above.
CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
    WHEN new.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'records of the audit log go to its end'); END;
