-- What one process alone does, for as long as it says so again in time. Times are the database's own: clocks of machines differ.
-- The fence grows with every new holding, and a write of an earlier holder is refused by it.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    -- Who holds it, for people; and by what the process knows itself.
    holder TEXT NOT NULL,
    process TEXT NOT NULL,
    fence INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
