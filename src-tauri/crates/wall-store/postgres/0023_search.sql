-- As SQLite's of the same number.
CREATE TABLE search_segment (
    id BIGINT PRIMARY KEY,
    edition BIGINT NOT NULL
);
CREATE TABLE search_gram (
    segment BIGINT NOT NULL,
    gram BIGINT NOT NULL,
    tickets BYTEA NOT NULL,
    PRIMARY KEY (segment, gram)
);
