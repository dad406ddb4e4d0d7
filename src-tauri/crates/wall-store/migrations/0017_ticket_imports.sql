-- What was imported whole: the same again changes nothing of the tickets that are known.
CREATE TABLE ticket_import (digest BLOB PRIMARY KEY, recorded_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
