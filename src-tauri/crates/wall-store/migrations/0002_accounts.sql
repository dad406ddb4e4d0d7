-- People who sign in. A name is never given to another person: plans, transitions and the audit log name people by it.

CREATE TABLE account (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, role TEXT NOT NULL,
    hash TEXT NOT NULL,                        -- Argon2id, PHC string; peppered with the key file; '' when removed
    created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, removed_at INTEGER
) STRICT;

-- Sessions outlive a restart of the wall. Only the hash of the secret is kept.
CREATE TABLE account_session (
    hash BLOB PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id), station TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_used INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_session_by_account ON account_session (account_id, last_used);

-- Failed attempts in a row. Under a keyed hash of the name: what was typed may be a password in the wrong field.
CREATE TABLE sign_in_failure (
    name_mac BLOB PRIMARY KEY, failures INTEGER NOT NULL, last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);
