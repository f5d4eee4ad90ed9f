-- Who may do what.
CREATE TABLE accounts (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Of a secret there is its digest only.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES accounts (name),
    label        TEXT NOT NULL,
    sha256       TEXT NOT NULL UNIQUE,
    role         TEXT,
    created_at   TEXT NOT NULL,
    expires_at   TEXT,
    revoked_at   TEXT,
    last_used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_account ON tokens (account, id);

-- Lists must not take longer the more others have.
CREATE INDEX plugins_by_owner ON plugins (owner, name);

-- Plugins that everybody sees.
CREATE TABLE public_plugins (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
