-- Ids are given by the writer, one counter a table: what was deleted leaves no number for others.
CREATE TABLE counter (kind TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counter (kind, next)
    SELECT 'network', coalesce(max(id), 0) + 1 FROM network UNION ALL
    SELECT 'plan', coalesce(max(id), 0) + 1 FROM plan UNION ALL
    SELECT 'cell', coalesce(max(id), 0) + 1 FROM cell UNION ALL
    SELECT 'party', coalesce(max(id), 0) + 1 FROM party UNION ALL
    SELECT 'ownership', coalesce(max(id), 0) + 1 FROM ownership UNION ALL
    SELECT 'category', coalesce(max(id), 0) + 1 FROM category UNION ALL
    SELECT 'ticket', coalesce(max(id), 0) + 1 FROM ticket UNION ALL
    SELECT 'transition', coalesce(max(id), 0) + 1 FROM transition UNION ALL
    SELECT 'camera', coalesce(max(id), 0) + 1 FROM camera UNION ALL
    SELECT 'staff', coalesce(max(id), 0) + 1 FROM staff UNION ALL
    SELECT 'site', coalesce(max(id), 0) + 1 FROM site UNION ALL
    SELECT 'building', coalesce(max(id), 0) + 1 FROM building UNION ALL
    SELECT 'street', coalesce(max(id), 0) + 1 FROM street UNION ALL
    SELECT 'seal_key', coalesce(max(id), 0) + 1 FROM seal_key UNION ALL
    SELECT 'token', coalesce(max(id), 0) + 1 FROM token UNION ALL
    SELECT 'account', coalesce(max(id), 0) + 1 FROM account UNION ALL
    SELECT 'plan_edit', coalesce(max(id), 0) + 1 FROM plan_edit UNION ALL
    SELECT 'plan_snapshot', coalesce(max(id), 0) + 1 FROM plan_snapshot UNION ALL
    SELECT 'plan_step', coalesce(max(id), 0) + 1 FROM plan_step UNION ALL
    SELECT 'station', coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'station'), 0) + 1;
