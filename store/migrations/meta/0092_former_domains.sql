-- What sites were called before. Pages that still say so are counted, until another site takes the name.
CREATE TABLE former_domains (
    domain  TEXT PRIMARY KEY,
    site_id INTEGER NOT NULL REFERENCES sites (id)
);
