-- As SQLite's of the same number.
ALTER TABLE account ADD COLUMN scope TEXT COLLATE "C";
ALTER TABLE token ADD COLUMN scope TEXT COLLATE "C";
