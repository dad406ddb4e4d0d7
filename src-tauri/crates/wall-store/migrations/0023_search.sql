-- Tickets by the grams of their texts, in segments of 2,048 ids. Only whole segments are indexed, one at a time and after the
-- tickets were written; of all others the texts are read. A segment in which a text changes is not indexed until
-- it is again: its rows of grams stay until then.
CREATE TABLE search_segment (
    id INTEGER PRIMARY KEY,      -- ticket id / 2048
    edition INTEGER NOT NULL     -- of the rules by which grams are made
) STRICT;
CREATE TABLE search_gram (
    segment INTEGER NOT NULL, gram INTEGER NOT NULL,
    tickets BLOB NOT NULL,       -- places in the segment: two bytes each, or 256 bytes of bits
    PRIMARY KEY (segment, gram)
) STRICT, WITHOUT ROWID;
