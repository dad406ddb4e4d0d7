-- As SQLite's of the same number.
ALTER TABLE plan_step ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE plan_step ADD COLUMN station TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE plan_step ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
INSERT INTO counter (kind, next) SELECT 'plan_step', 1 WHERE NOT EXISTS (SELECT 1 FROM counter WHERE kind = 'plan_step');
INSERT INTO plan_step (id, plan_id, step, note, edit_id, actor, recorded_at, version, station, revision)
    SELECT (SELECT next FROM counter WHERE kind = 'plan_step') - 1 + row_number() OVER (ORDER BY p.id),
           p.id, 'take_effect', '', NULL, p.author, p.recorded_at, 1, '', 0
    FROM plan p WHERE p.status = 'published' AND NOT EXISTS (SELECT 1 FROM plan_step s WHERE s.plan_id = p.id);
UPDATE counter SET next = (SELECT max(id) + 1 FROM plan_step)
    WHERE kind = 'plan_step' AND next <= (SELECT max(id) FROM plan_step);
