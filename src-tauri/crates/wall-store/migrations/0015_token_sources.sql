-- The sources whose tickets a token may write, as a JSON list; '*' in it stands for all. NULL: made before tokens had sources,
-- it goes on writing what it wrote.
ALTER TABLE token ADD COLUMN sources TEXT;
