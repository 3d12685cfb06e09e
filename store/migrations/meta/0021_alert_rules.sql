-- Rules of alerts, and the channels by which they are told.
CREATE TABLE alert_rules (
    id          TEXT PRIMARY KEY,              -- UUID
    site_id     INTEGER NOT NULL REFERENCES sites (id),
    name        TEXT NOT NULL,
    body        TEXT NOT NULL,                 -- JSON as it was asked for
    muted_until INTEGER NOT NULL,              -- milliseconds since 1970, as everywhere here
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
);
CREATE INDEX alert_rules_by_site ON alert_rules (site_id, created_at);

CREATE TABLE alert_channels (
    id         TEXT PRIMARY KEY,               -- UUID
    site_id    INTEGER REFERENCES sites (id),  -- null: for rules of every site
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    config     TEXT NOT NULL,                  -- JSON, without secrets
    secrets    BLOB NOT NULL,                  -- JSON, encrypted
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

-- Rules are judged as epochs close and as time passes between them: each judgement that led to
-- something is a turn. `epoch` is the newest one that was judged.
ALTER TABLE alert_progress ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_states RENAME COLUMN epoch TO turn;
ALTER TABLE alert_history RENAME COLUMN epoch TO turn;
CREATE INDEX alert_history_by_rule ON alert_history (rule, seq);
CREATE INDEX alert_outbox_by_status ON alert_outbox (status, seq);
