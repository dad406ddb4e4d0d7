-- What was doubtful about the file a plan was made of: asked for again when the plan is published.
CREATE TABLE plan_doubt (
    plan_id INTEGER NOT NULL REFERENCES plan (id), code TEXT NOT NULL, PRIMARY KEY (plan_id, code)
) STRICT, WITHOUT ROWID;
