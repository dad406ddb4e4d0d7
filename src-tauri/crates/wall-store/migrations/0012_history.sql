-- Whether the time of a status was told, or is only when the message came: a status without a time of its own never
-- takes back a closing. Of tickets that stand open now, every line keeps its say.
ALTER TABLE transition ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
UPDATE transition SET told = 0
    WHERE kind <> 'move' AND from_status <> '' AND to_status NOT IN ('closed', 'rated', 'cancelled')
    AND ticket_id IN (SELECT id FROM ticket WHERE status IN ('closed', 'rated', 'cancelled'));
-- Closed, and nobody said since when.
UPDATE transition SET told = 0
    WHERE to_status IN ('closed', 'rated', 'cancelled') AND ticket_id IN (SELECT id FROM ticket WHERE closed_at IS NULL);
-- A closing time that was corrected later stood in the ticket only: it becomes a line of the history too.
INSERT INTO transition (ticket_id, from_status, to_status, at, recorded_at, actor, reason, kind, revision, told)
    SELECT t.id, 'received', t.status, t.closed_at, (SELECT max(x.recorded_at) FROM transition x WHERE x.ticket_id = t.id), '', '',
           'imported', t.revision, 1
    FROM ticket t
    WHERE t.status IN ('closed', 'cancelled') AND t.closed_at IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM transition x WHERE x.ticket_id = t.id AND x.to_status = t.status AND x.at = t.closed_at)
    ORDER BY t.id;
