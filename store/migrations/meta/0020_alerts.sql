-- The newest epoch whose alerts are here; one row.
CREATE TABLE alert_progress (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL
);

-- Where the alert of a rule and key stands. Quiet ones without a cooldown are not kept.
CREATE TABLE alert_states (
    rule  TEXT NOT NULL,                       -- UUID
    key   TEXT NOT NULL,                       -- value of the dimension; empty without one
    state TEXT NOT NULL,                       -- JSON
    epoch INTEGER NOT NULL,
    PRIMARY KEY (rule, key)
);

-- What happened to alerts.
CREATE TABLE alert_history (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    rule    TEXT NOT NULL,
    key     TEXT NOT NULL,
    epoch   INTEGER NOT NULL,
    kind    TEXT NOT NULL,                     -- firing, announced, acknowledged, resolved
    site_id INTEGER NOT NULL,
    opening TEXT NOT NULL,                     -- UUID
    at      INTEGER NOT NULL,                  -- milliseconds since 1970, as everywhere here
    body    TEXT NOT NULL,                     -- JSON
    UNIQUE (rule, key, epoch, kind)
);
CREATE INDEX alert_history_by_site ON alert_history (site_id, seq);

-- Messages to channels.
CREATE TABLE alert_outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,           -- the same however often the epoch is computed
    channel    TEXT NOT NULL,                  -- UUID
    opening    TEXT NOT NULL,
    body       TEXT NOT NULL,                  -- JSON
    status     TEXT NOT NULL CHECK (status IN ('queued', 'delivered', 'dead')),
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER,
    error      TEXT
);
CREATE INDEX alert_outbox_due ON alert_outbox (channel, status, next_at);
CREATE INDEX alert_outbox_by_opening ON alert_outbox (channel, opening, seq);
