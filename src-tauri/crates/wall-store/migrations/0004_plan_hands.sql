-- Whoever had a hand in a plan, also by taking somebody's edit back. Owners to be are edits like all others, and a plan that
-- waits for its time can be taken back.

CREATE TABLE plan_hand (
    plan_id INTEGER NOT NULL REFERENCES plan (id), actor TEXT NOT NULL, PRIMARY KEY (plan_id, actor)
) STRICT, WITHOUT ROWID;
INSERT INTO plan_hand (plan_id, actor)
    SELECT plan_id, actor FROM plan_edit UNION SELECT plan_id, actor FROM plan_step WHERE step = 'submit'
    UNION SELECT plan_id, actor FROM plan_owner;
DROP TABLE plan_owner;

-- What publishing did to owners: lines that began with the plan, and when lines that it ended would have ended.
CREATE TABLE plan_ownership (
    plan_id INTEGER NOT NULL REFERENCES plan (id), ownership_id INTEGER NOT NULL, began INTEGER NOT NULL, valid_to INTEGER,
    PRIMARY KEY (plan_id, ownership_id)
) STRICT, WITHOUT ROWID;
