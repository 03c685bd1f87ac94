-- Accounts and what they own. Secrets are kept as SHA-256 digests only.
CREATE TABLE accounts (
    id       TEXT PRIMARY KEY,
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1))
) STRICT;
CREATE TABLE secret_keys (
    digest  BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id)
) STRICT;
CREATE TABLE configurations (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    object  TEXT NOT NULL
) STRICT;
CREATE TABLE locations (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    object  TEXT NOT NULL
) STRICT;
CREATE TABLE connection_tokens (
    digest     BLOB PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id),
    location   TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id),
    location   TEXT NOT NULL,
    device_id  TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
