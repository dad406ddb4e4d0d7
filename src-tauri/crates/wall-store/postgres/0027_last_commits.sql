-- As SQLite's of the same number.
CREATE TABLE last_commit (
    process TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL
);
