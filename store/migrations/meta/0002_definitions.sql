-- Numbers that views are told by. None is given twice, and none below 1000.
CREATE TABLE numbers (
    number INTEGER PRIMARY KEY AUTOINCREMENT
);
INSERT INTO numbers (number) VALUES (999);

-- The settings a site's views are made by: see `opentrace_events::Site::calendar`.
ALTER TABLE sites ADD COLUMN calendar INTEGER NOT NULL DEFAULT 0;

-- Goals, funnels, retention and series.
CREATE TABLE definitions (
    id         TEXT PRIMARY KEY,               -- UUID
    site_id    INTEGER NOT NULL REFERENCES sites (id),
    kind       TEXT NOT NULL,                  -- goal, funnel, retention, series
    name       TEXT NOT NULL,
    body       TEXT NOT NULL,                  -- JSON as it was asked for
    spec       TEXT NOT NULL,                  -- JSON as the pipeline reads it
    number     INTEGER NOT NULL UNIQUE,        -- of what is kept; another after a change
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (site_id, kind, name)
);
