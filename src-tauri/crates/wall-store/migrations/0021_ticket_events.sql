-- What happened to a ticket is a list of events that is only ever added to; its row is what follows from them.
CREATE TABLE ticket_event (
    id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL REFERENCES ticket (id), revision INTEGER NOT NULL,
    kind TEXT NOT NULL, version INTEGER NOT NULL,
    at INTEGER NOT NULL, told INTEGER NOT NULL,  -- not told: it is when the message came
    recorded_at INTEGER NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('imported', 'intake', 'move')),
    actor TEXT NOT NULL, station TEXT NOT NULL,  -- station '': before it was kept
    body TEXT NOT NULL                           -- JSON by kind and version; '' when it carries nothing
) STRICT;
INSERT INTO ticket_event (id, ticket_id, revision, kind, version, at, told, recorded_at, origin, actor, station, body)
    SELECT id, ticket_id, revision, CASE WHEN from_status = '' THEN 'received' ELSE 'status' END, 1, at, told, recorded_at, kind,
           actor, '',
           CASE WHEN from_status <> '' THEN
                '{"from":"' || from_status || '","to":"' || to_status || '"' ||
                CASE WHEN reason = '' THEN '' ELSE ',"reason":' || json_quote(reason) END || '}'
           WHEN reason <> '' THEN '{"reason":' || json_quote(reason) || '}' ELSE '' END
    FROM transition ORDER BY id;
CREATE INDEX ticket_event_by_ticket ON ticket_event (ticket_id, id);

-- Since when a suspended ticket stands still is in its row: it used to be asked of the history with every row.
ALTER TABLE ticket ADD COLUMN suspended_at INTEGER;
UPDATE ticket SET suspended_at = coalesce(
        (SELECT min(x.at) FROM transition x WHERE x.ticket_id = ticket.id AND x.to_status = 'suspended' AND x.at >=
            (SELECT max(y.at) FROM transition y WHERE y.ticket_id = ticket.id AND y.to_status <> 'suspended')),
        (SELECT max(z.at) FROM transition z WHERE z.ticket_id = ticket.id AND z.to_status = 'suspended'))
    WHERE status = 'suspended';
-- Whether the history has to be asked how a ticket was before: it was suspended or reopened, or a status lay ahead of the clock.
ALTER TABLE ticket ADD COLUMN varied INTEGER NOT NULL DEFAULT 0;
UPDATE ticket SET varied = 1 WHERE id IN (
    SELECT ticket_id FROM transition WHERE from_status <> '' AND (to_status = 'suspended' OR at > recorded_at)
    UNION SELECT o.ticket_id FROM transition o JOIN transition c ON c.ticket_id = o.ticket_id JOIN ticket t ON t.id = o.ticket_id
        WHERE c.to_status IN ('closed', 'rated', 'cancelled') AND o.from_status <> '' AND o.told = 1
        AND o.to_status NOT IN ('closed', 'rated', 'cancelled')
        AND (o.at >= c.at OR c.at > c.recorded_at OR c.at <= t.reported_at));
DROP TABLE transition;
UPDATE counter SET kind = 'ticket_event' WHERE kind = 'transition';

-- A ticket may have no place.
ALTER TABLE ticket RENAME COLUMN lon TO old_lon;
ALTER TABLE ticket RENAME COLUMN lat TO old_lat;
ALTER TABLE ticket ADD COLUMN lon REAL;
ALTER TABLE ticket ADD COLUMN lat REAL;
UPDATE ticket SET lon = old_lon, lat = old_lat;
ALTER TABLE ticket DROP COLUMN old_lon;
ALTER TABLE ticket DROP COLUMN old_lat;

-- From this revision on every change of a value is kept. What due times, severities, places and texts were before it is not
-- known: they are shown as they were last. No line in a store that kept everything from its beginning.
INSERT INTO setting (key, value)
    SELECT 'ticket_history_from', CAST(max(revision) + 1 AS TEXT) FROM change_log HAVING max(revision) IS NOT NULL;
