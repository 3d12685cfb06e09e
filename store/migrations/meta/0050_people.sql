-- People who sign in.
CREATE TABLE people (
    id         TEXT PRIMARY KEY,               -- UUID
    email      TEXT NOT NULL UNIQUE,           -- in lower case
    name       TEXT NOT NULL,
    password   TEXT NOT NULL,                  -- hash in PHC form, with its salt and parameters
    created_at INTEGER NOT NULL,               -- milliseconds since 1970, as everywhere here
    changed_at INTEGER NOT NULL                -- when the password was set
);

-- Browsers they are signed in with. Only a hash of the cookie is kept.
CREATE TABLE people_sessions (
    hash       BLOB PRIMARY KEY,
    person     TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX people_sessions_by_person ON people_sessions (person);
