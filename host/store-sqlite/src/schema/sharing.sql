-- What a token is for, when it is not for all that its account may: one pipeline, or one run.
ALTER TABLE tokens ADD COLUMN pipeline TEXT;
ALTER TABLE tokens ADD COLUMN run TEXT REFERENCES runs (id);
CREATE INDEX tokens_by_run ON tokens (run) WHERE run IS NOT NULL;

-- Plugins that some accounts see: whether one does must not take longer the more plugins there are.
CREATE TABLE shared_plugins (
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX shared_plugins_by_name ON shared_plugins (name, account);

-- Who uploaded a version, whosever its name is. Until now that was its owner.
ALTER TABLE plugins ADD COLUMN uploaded_by TEXT NOT NULL DEFAULT 'local';
UPDATE plugins SET uploaded_by = owner;
