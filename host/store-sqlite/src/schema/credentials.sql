-- By what people sign in, and what comes of it.
ALTER TABLE accounts ADD COLUMN revoked_at TEXT;
-- Of a password there is its hash only.
ALTER TABLE accounts ADD COLUMN password TEXT;
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'api';
ALTER TABLE tokens ADD COLUMN parent TEXT;
CREATE INDEX tokens_by_parent ON tokens (parent) WHERE parent IS NOT NULL;

-- Who is who to providers of identities.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (name),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
