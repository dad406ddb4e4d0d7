-- The part of the territory that an account or a token is for, as JSON: {"divisions":[codes],"network":key or null}. NULL: all of it.
ALTER TABLE account ADD COLUMN scope TEXT;
ALTER TABLE token ADD COLUMN scope TEXT;
