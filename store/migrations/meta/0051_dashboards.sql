-- Pages of tiles that people put together.
CREATE TABLE dashboards (
    id             TEXT PRIMARY KEY,           -- UUID
    site_id        INTEGER NOT NULL REFERENCES sites (id),
    name           TEXT NOT NULL,
    tiles          TEXT NOT NULL,              -- JSON
    created_at     INTEGER NOT NULL,           -- milliseconds since 1970, as everywhere here
    updated_at     INTEGER NOT NULL,
    link           TEXT UNIQUE,                -- what a shared address ends in; null: not shared
    link_password  TEXT,                       -- hash in PHC form; null: none is asked for
    link_embed     INTEGER NOT NULL DEFAULT 0  -- whether pages of other sites may show it
);
CREATE INDEX dashboards_by_site ON dashboards (site_id, created_at);
