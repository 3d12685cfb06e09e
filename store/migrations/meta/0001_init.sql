-- Sites and what is set for each.
CREATE TABLE sites (
    id                     INTEGER PRIMARY KEY,
    domain                 TEXT NOT NULL UNIQUE,
    timezone               TEXT NOT NULL,
    week_start             INTEGER NOT NULL,   -- 1 Monday … 7 Sunday
    identified             INTEGER NOT NULL,
    currency               TEXT NOT NULL,
    bots                   TEXT NOT NULL,
    honour_privacy_signals INTEGER NOT NULL,
    retention_days         INTEGER NOT NULL,
    created_at             INTEGER NOT NULL    -- milliseconds since 1970, as everywhere here
);

-- Keys of programs. Only a hash is kept; a key is shown once, when it is made.
CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,               -- UUID
    hash       BLOB NOT NULL UNIQUE,
    hint       TEXT NOT NULL,                  -- the first characters, to tell keys apart
    name       TEXT NOT NULL,
    site_id    INTEGER REFERENCES sites (id),  -- null: every site
    scopes     TEXT NOT NULL,                  -- separated by spaces
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);

-- Who changed what.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL
);
