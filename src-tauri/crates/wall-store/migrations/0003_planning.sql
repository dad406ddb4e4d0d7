-- The boundary planner: drafts with their edits as a tree, review, owners of a draft, and what became of codes.

ALTER TABLE plan ADD COLUMN base_plan_id INTEGER REFERENCES plan (id);   -- drawn from
ALTER TABLE plan ADD COLUMN head_edit_id INTEGER;                        -- the edit it stands on; NULL = the beginning
ALTER TABLE plan ADD COLUMN submitted_by TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN reviewed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN review_note TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;         -- in review, and the reviewer said yes
ALTER TABLE plan ADD COLUMN tickets_in_hand TEXT NOT NULL DEFAULT 'move' CHECK (tickets_in_hand IN ('move', 'stay'));
ALTER TABLE plan ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;

-- The cells a draft's edits begin from, kept when the plan's own cells are written anew (submitting, publishing).
CREATE TABLE draft_cell (
    plan_id INTEGER NOT NULL REFERENCES plan (id), face INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, community_code TEXT NOT NULL, households INTEGER, feature_index INTEGER NOT NULL, geometry BLOB NOT NULL,
    PRIMARY KEY (plan_id, face)
) STRICT, WITHOUT ROWID;

-- Edits are only ever added; undoing moves the head. An edit after undo begins another branch.
CREATE TABLE plan_edit (
    id INTEGER PRIMARY KEY, plan_id INTEGER NOT NULL REFERENCES plan (id), parent_id INTEGER REFERENCES plan_edit (id),
    edit TEXT NOT NULL,                        -- JSON, as on the wire
    cells TEXT NOT NULL,                       -- JSON list of the codes it was about, for the history
    actor TEXT NOT NULL, recorded_at INTEGER NOT NULL,
    visited INTEGER NOT NULL                   -- ascending: which branch was walked last
) STRICT;
CREATE INDEX plan_edit_by_plan ON plan_edit (plan_id, id);

CREATE TABLE plan_snapshot (
    id INTEGER PRIMARY KEY, plan_id INTEGER NOT NULL REFERENCES plan (id), name TEXT NOT NULL,
    edit_id INTEGER REFERENCES plan_edit (id), actor TEXT NOT NULL, recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_snapshot_by_plan ON plan_snapshot (plan_id, id);

-- Every step of a plan's life: submit, withdraw, approve, return, publish, retire.
CREATE TABLE plan_step (
    id INTEGER PRIMARY KEY, plan_id INTEGER NOT NULL REFERENCES plan (id), step TEXT NOT NULL, note TEXT NOT NULL,
    edit_id INTEGER, actor TEXT NOT NULL, recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_step_by_plan ON plan_step (plan_id, id);

-- Owners of a draft's cell that somebody confirmed or named; a cell without lines here has those of the carry-over rule.
CREATE TABLE plan_owner (
    plan_id INTEGER NOT NULL REFERENCES plan (id), cell_code TEXT NOT NULL, owners TEXT NOT NULL, -- JSON
    actor TEXT NOT NULL, recorded_at INTEGER NOT NULL, PRIMARY KEY (plan_id, cell_code)
) STRICT, WITHOUT ROWID;

-- What became of what when a plan was published. A code that ended is never used again.
CREATE TABLE cell_lineage (
    plan_id INTEGER NOT NULL REFERENCES plan (id), from_code TEXT NOT NULL, to_code TEXT NOT NULL,
    kind TEXT NOT NULL, area_share REAL NOT NULL, PRIMARY KEY (plan_id, from_code, to_code)
) STRICT, WITHOUT ROWID;
