-- Who was to be forgotten, and the receipts. While an erasure is under way it knows the visitors;
-- afterwards nothing of them is left but a digest by which they can prove that they are meant.
CREATE TABLE erasures (
    id           TEXT PRIMARY KEY,             -- UUID
    site_id      INTEGER NOT NULL REFERENCES sites (id),
    subject      TEXT NOT NULL,                -- kind of identifier
    digest       TEXT NOT NULL,                -- of the identifier, salted with the id
    visitors     TEXT,                         -- JSON, until it is done
    requested_at INTEGER NOT NULL,
    receipt      TEXT                          -- signed JSON, once it is done
);
CREATE INDEX erasures_of_site ON erasures (site_id, requested_at);
