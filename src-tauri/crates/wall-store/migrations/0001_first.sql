-- GridWall store, first edition. Times are milliseconds since 1970 UTC. `at` is when something happened,
-- `recorded_at` when we learned it, `revision` the line of the change log that made it visible.

CREATE TABLE change_log (
    revision INTEGER PRIMARY KEY,              -- dense, ascending; ids and kinds only, never content
    recorded_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('upsert', 'remove'))
) STRICT;

CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE network (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL
) STRICT;

CREATE TABLE division (
    code TEXT PRIMARY KEY, level TEXT NOT NULL CHECK (level IN ('district', 'street', 'community')),
    name TEXT NOT NULL, recorded_at INTEGER NOT NULL
) STRICT;

CREATE TABLE plan (
    id INTEGER PRIMARY KEY, network_id INTEGER NOT NULL REFERENCES network (id), name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'in_review', 'published', 'retired')),
    effective_from INTEGER, effective_to INTEGER, content_hash BLOB NOT NULL,
    author TEXT NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_by_network ON plan (network_id, effective_from);

CREATE TABLE cell (
    id INTEGER PRIMARY KEY, plan_id INTEGER NOT NULL REFERENCES plan (id), code TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, community_code TEXT NOT NULL, households INTEGER, feature_index INTEGER NOT NULL,
    geometry BLOB NOT NULL                     -- see cells.rs: integers of 1e-9 degree
) STRICT;
CREATE INDEX cell_by_plan ON cell (plan_id, code);

CREATE TABLE party (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, recorded_at INTEGER NOT NULL, UNIQUE (kind, name)
) STRICT;

CREATE TABLE ownership (
    id INTEGER PRIMARY KEY, network_id INTEGER NOT NULL REFERENCES network (id), cell_code TEXT NOT NULL,
    party_id INTEGER NOT NULL REFERENCES party (id), role TEXT NOT NULL,
    valid_from INTEGER NOT NULL, valid_to INTEGER, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ownership_key ON ownership (network_id, cell_code, party_id, role, valid_from);

CREATE TABLE category (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, platform TEXT,
    default_severity INTEGER, deadline_s INTEGER, deadline_kind TEXT NOT NULL, standard TEXT NOT NULL, edition TEXT NOT NULL,
    valid_from INTEGER, valid_to INTEGER, sensitive INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX category_key ON category (kind, code, standard, edition);

CREATE TABLE ticket (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, external_id TEXT NOT NULL, category TEXT NOT NULL, title TEXT NOT NULL,
    description TEXT NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL, accuracy_m REAL, address TEXT NOT NULL, channel TEXT,
    platform TEXT, severity INTEGER NOT NULL, community_code TEXT NOT NULL, attachments TEXT NOT NULL,
    reported_at INTEGER NOT NULL, due_at INTEGER, status TEXT NOT NULL, closed_at INTEGER, sensitive INTEGER NOT NULL,
    inverted_times INTEGER NOT NULL, content_hash BLOB NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ticket_key ON ticket (source, external_id);

CREATE TABLE transition (
    id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL REFERENCES ticket (id), from_status TEXT NOT NULL,
    to_status TEXT NOT NULL, at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('imported', 'intake', 'move')), revision INTEGER NOT NULL
) STRICT;
CREATE INDEX transition_by_ticket ON transition (ticket_id, at, id);

CREATE TABLE attribution (
    ticket_id INTEGER NOT NULL REFERENCES ticket (id), network_id INTEGER NOT NULL REFERENCES network (id),
    from_revision INTEGER NOT NULL, plan_id INTEGER NOT NULL REFERENCES plan (id),
    cell_id INTEGER REFERENCES cell (id),      -- NULL: outside all cells of that plan
    PRIMARY KEY (ticket_id, network_id, from_revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE camera (
    id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
    kind TEXT NOT NULL, heading_deg REAL, fov_deg REAL, range_m REAL, stream_url TEXT NOT NULL, snapshot_url TEXT NOT NULL,
    state TEXT NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

CREATE TABLE staff (
    id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, unit TEXT NOT NULL,
    cell_codes TEXT NOT NULL, shifts TEXT NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

CREATE TABLE position (                        -- the last one of each; history stays in position_log
    staff_id INTEGER PRIMARY KEY REFERENCES staff (id), lon REAL NOT NULL, lat REAL NOT NULL, accuracy_m REAL,
    at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

CREATE TABLE position_log (
    staff_id INTEGER NOT NULL REFERENCES staff (id), at INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
    accuracy_m REAL, recorded_at INTEGER NOT NULL, PRIMARY KEY (staff_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE site (
    id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL, lon REAL NOT NULL,
    lat REAL NOT NULL, hours TEXT NOT NULL, hazards TEXT NOT NULL, recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

CREATE TABLE building (
    id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
    footprint BLOB, households INTEGER, population INTEGER, block TEXT NOT NULL, recorded_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE street (
    id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, class TEXT NOT NULL, lines TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;

-- Sealed values (reporters, phones): encrypted under a key of their own, which is itself wrapped by the key file.
-- Deleting the row of `seal_key` erases the person everywhere.
CREATE TABLE seal_key (id INTEGER PRIMARY KEY, nonce BLOB NOT NULL, wrapped BLOB NOT NULL) STRICT;
CREATE TABLE sealed (
    kind TEXT NOT NULL, id INTEGER NOT NULL, key_id INTEGER NOT NULL, nonce BLOB NOT NULL, value BLOB NOT NULL,
    recorded_at INTEGER NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (                           -- keyed chain; no personal data
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, station TEXT NOT NULL,
    purpose TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL, mac BLOB NOT NULL
) STRICT;

CREATE TABLE token (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL,
    unlimited INTEGER NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER
) STRICT;

-- The clock of a replay, shared by every process on this store.
CREATE TABLE replay_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1), wall_at INTEGER NOT NULL, real_at INTEGER NOT NULL, speed REAL NOT NULL
) STRICT;
