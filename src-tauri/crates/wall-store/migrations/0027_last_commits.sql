-- The last commit of each process that has a server's database open: what became of one whose answer was lost is read here. The
-- server's own numbers of transactions begin again where it was killed, and another's may be taken for it. Nobody writes it in a file.
CREATE TABLE last_commit (
    process TEXT PRIMARY KEY,
    -- Grows with each commit of the process.
    number INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
