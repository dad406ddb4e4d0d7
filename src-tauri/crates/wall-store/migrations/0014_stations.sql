-- Browsers that came in by a one-time link: a wall station's right outlives a restart of the wall. Only the hash of the secret
-- is kept; a right that was ended stays listed until it would have expired.

CREATE TABLE station (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL, name TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_used INTEGER NOT NULL, expires_at INTEGER NOT NULL, ended_at INTEGER
) STRICT;
