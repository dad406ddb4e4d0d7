-- Steps of plans carry what events of tickets carry: the version of their kind, the door they came through, and the revision
-- that made them visible. Those from before: version 1, no door, revision 0.
ALTER TABLE plan_step ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE plan_step ADD COLUMN station TEXT NOT NULL DEFAULT '';
ALTER TABLE plan_step ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
-- Where a plan stands follows from its steps alone. A plan that an import put in force had none: it gets the one it took, of
-- the time in which the plan was made, because when it was published was not kept.
INSERT INTO counter (kind, next) SELECT 'plan_step', 1 WHERE NOT EXISTS (SELECT 1 FROM counter WHERE kind = 'plan_step');
INSERT INTO plan_step (id, plan_id, step, note, edit_id, actor, recorded_at, version, station, revision)
    SELECT (SELECT next FROM counter WHERE kind = 'plan_step') - 1 + row_number() OVER (ORDER BY p.id),
           p.id, 'take_effect', '', NULL, p.author, p.recorded_at, 1, '', 0
    FROM plan p WHERE p.status = 'published' AND NOT EXISTS (SELECT 1 FROM plan_step s WHERE s.plan_id = p.id);
UPDATE counter SET next = (SELECT max(id) + 1 FROM plan_step)
    WHERE kind = 'plan_step' AND next <= (SELECT max(id) FROM plan_step);
