-- Models of sites, and what trains them. The versions themselves are folders beside this file.
CREATE TABLE models (
    id         TEXT PRIMARY KEY,               -- UUID
    site_id    INTEGER NOT NULL REFERENCES sites (id),
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    options    TEXT NOT NULL,                  -- JSON as it was asked for
    every_ms   INTEGER,                        -- how often it is trained anew; null: when somebody asks
    created_at INTEGER NOT NULL,               -- milliseconds since 1970, as everywhere here
    updated_at INTEGER NOT NULL,
    UNIQUE (site_id, name)
);

CREATE TABLE model_trainings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    model       TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    state       TEXT NOT NULL,                 -- queued, running, done, failed, cancelled
    cause       TEXT NOT NULL,                 -- asked, schedule, drift
    version     INTEGER,                       -- what it made
    said        TEXT,                          -- JSON: why it failed, or what came of it
    created_at  INTEGER NOT NULL,
    finished_at INTEGER
);
CREATE INDEX model_trainings_by_model ON model_trainings (model, id);
