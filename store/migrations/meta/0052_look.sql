-- How the pages of this server look: one row, made with the first change.
CREATE TABLE look (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    name       TEXT NOT NULL,              -- what stands above every page; empty: the program's own
    accent     TEXT NOT NULL,              -- #rrggbb; empty: the program's own
    logo       BLOB,
    logo_type  TEXT                        -- media type of the logo
);
