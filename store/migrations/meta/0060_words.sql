-- Words that a site adds to the query language: saved filters and metrics of its own.
CREATE TABLE words (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    site_id    INTEGER NOT NULL REFERENCES sites (id),
    kind       TEXT NOT NULL,                  -- segment, metric
    name       TEXT NOT NULL,
    body       TEXT NOT NULL,                  -- JSON as it was asked for
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (site_id, kind, name)
);
