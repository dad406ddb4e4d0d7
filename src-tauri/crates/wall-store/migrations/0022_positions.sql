-- Where staff are is no line of the change log any more: each position has a number of its own, ascending, by which whoever
-- follows finds what is new. Positions from before that have number 0.
CREATE INDEX position_by_revision ON position (revision);
-- Where they were is kept only where trails are on, and nobody can have turned them on yet. How many went is said in the audit
-- log by the program that opens the store.
INSERT INTO setting (key, value) SELECT 'positions_dropped', CAST(count(*) AS TEXT) FROM position_log HAVING count(*) > 0;
DELETE FROM position_log;
