-- The tables as SQLite's migrations up to the same number leave them (a test compares them), in PostgreSQL's words.

CREATE TABLE change_log (
    revision BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    op TEXT COLLATE "C" NOT NULL,
    CHECK (op IN ('upsert', 'remove'))
);
CREATE TABLE setting (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
CREATE TABLE network (
    id BIGINT PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    UNIQUE (key)
);
CREATE TABLE division (
    code TEXT COLLATE "C" PRIMARY KEY,
    level TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    CHECK (level IN ('district', 'street', 'community'))
);
CREATE TABLE plan (
    id BIGINT PRIMARY KEY,
    network_id BIGINT NOT NULL REFERENCES network (id),
    name TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    effective_from BIGINT,
    effective_to BIGINT,
    content_hash BYTEA NOT NULL,
    author TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    base_plan_id BIGINT REFERENCES plan (id),
    head_edit_id BIGINT,
    submitted_by TEXT COLLATE "C" NOT NULL DEFAULT '',
    reviewed_by TEXT COLLATE "C" NOT NULL DEFAULT '',
    review_note TEXT COLLATE "C" NOT NULL DEFAULT '',
    approved BOOLEAN NOT NULL DEFAULT FALSE,
    tickets_in_hand TEXT COLLATE "C" NOT NULL DEFAULT 'move',
    changed_at BIGINT NOT NULL DEFAULT 0,
    CHECK (status IN ('draft', 'in_review', 'published', 'retired')),
    CHECK (tickets_in_hand IN ('move', 'stay'))
);
CREATE INDEX plan_by_network ON plan (network_id, effective_from);
CREATE TABLE cell (
    id BIGINT PRIMARY KEY,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    community_code TEXT COLLATE "C" NOT NULL,
    households BIGINT,
    feature_index BIGINT NOT NULL,
    geometry BYTEA NOT NULL
);
CREATE INDEX cell_by_plan ON cell (plan_id, code);
CREATE TABLE party (
    id BIGINT PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    UNIQUE (kind, name)
);
CREATE TABLE ownership (
    id BIGINT PRIMARY KEY,
    network_id BIGINT NOT NULL REFERENCES network (id),
    cell_code TEXT COLLATE "C" NOT NULL,
    party_id BIGINT NOT NULL REFERENCES party (id),
    role TEXT COLLATE "C" NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX ownership_key ON ownership (network_id, cell_code, party_id, role, valid_from);
CREATE TABLE category (
    id BIGINT PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    platform TEXT COLLATE "C",
    default_severity BIGINT,
    deadline_s BIGINT,
    deadline_kind TEXT COLLATE "C" NOT NULL,
    standard TEXT COLLATE "C" NOT NULL,
    edition TEXT COLLATE "C" NOT NULL,
    valid_from BIGINT,
    valid_to BIGINT,
    sensitive BOOLEAN NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE UNIQUE INDEX category_key ON category (kind, code, standard, edition);
CREATE TABLE ticket (
    id BIGINT PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    accuracy_m DOUBLE PRECISION,
    address TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C",
    platform TEXT COLLATE "C",
    severity BIGINT NOT NULL,
    community_code TEXT COLLATE "C" NOT NULL,
    attachments TEXT COLLATE "C" NOT NULL,
    reported_at BIGINT NOT NULL,
    due_at BIGINT,
    status TEXT COLLATE "C" NOT NULL,
    closed_at BIGINT,
    sensitive BOOLEAN NOT NULL,
    inverted_times BOOLEAN NOT NULL,
    content_hash BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    suspended_at BIGINT,
    varied BOOLEAN NOT NULL DEFAULT FALSE,
    lon DOUBLE PRECISION,
    lat DOUBLE PRECISION
);
CREATE UNIQUE INDEX ticket_key ON ticket (source, external_id);
CREATE TABLE attribution (
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    network_id BIGINT NOT NULL REFERENCES network (id),
    from_revision BIGINT NOT NULL,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    cell_id BIGINT REFERENCES cell (id),
    PRIMARY KEY (ticket_id, network_id, from_revision)
);
CREATE TABLE camera (
    id BIGINT PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    heading_deg DOUBLE PRECISION,
    fov_deg DOUBLE PRECISION,
    range_m DOUBLE PRECISION,
    stream_url TEXT COLLATE "C" NOT NULL,
    snapshot_url TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (external_id)
);
CREATE TABLE staff (
    id BIGINT PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C" NOT NULL,
    cell_codes TEXT COLLATE "C" NOT NULL,
    shifts TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (external_id)
);
CREATE TABLE position (
    staff_id BIGINT PRIMARY KEY REFERENCES staff (id),
    lon DOUBLE PRECISION NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    accuracy_m DOUBLE PRECISION,
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX position_by_revision ON position (revision);
CREATE TABLE position_log (
    staff_id BIGINT NOT NULL REFERENCES staff (id),
    at BIGINT NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    accuracy_m DOUBLE PRECISION,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (staff_id, at)
);
CREATE TABLE site (
    id BIGINT PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    hours TEXT COLLATE "C" NOT NULL,
    hazards TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (external_id)
);
CREATE TABLE building (
    id BIGINT PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    footprint BYTEA,
    households BIGINT,
    population BIGINT,
    block TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (external_id)
);
CREATE TABLE street (
    id BIGINT PRIMARY KEY,
    external_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    class TEXT COLLATE "C" NOT NULL,
    lines TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (external_id)
);
CREATE TABLE seal_key (
    id BIGINT PRIMARY KEY,
    nonce BYTEA NOT NULL,
    wrapped BYTEA NOT NULL
);
CREATE TABLE sealed (
    kind TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    nonce BYTEA NOT NULL,
    value BYTEA NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    station TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    mac BYTEA NOT NULL
);
CREATE TABLE token (
    id BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    unlimited BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    sources TEXT COLLATE "C",
    UNIQUE (hash),
    UNIQUE (name)
);
CREATE TABLE replay_clock (
    one BIGINT PRIMARY KEY,
    wall_at BIGINT NOT NULL,
    real_at BIGINT NOT NULL,
    speed DOUBLE PRECISION NOT NULL,
    CHECK (one = 1)
);
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    removed_at BIGINT,
    UNIQUE (name)
);
CREATE TABLE account_session (
    hash BYTEA PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    station TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_session_by_account ON account_session (account_id, last_used);
CREATE TABLE sign_in_failure (
    name_mac BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);
CREATE TABLE draft_cell (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    face BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    community_code TEXT COLLATE "C" NOT NULL,
    households BIGINT,
    feature_index BIGINT NOT NULL,
    geometry BYTEA NOT NULL,
    PRIMARY KEY (plan_id, face)
);
CREATE TABLE plan_edit (
    id BIGINT PRIMARY KEY,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    parent_id BIGINT REFERENCES plan_edit (id),
    edit TEXT COLLATE "C" NOT NULL,
    cells TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    visited BIGINT NOT NULL
);
CREATE INDEX plan_edit_by_plan ON plan_edit (plan_id, id);
CREATE TABLE plan_snapshot (
    id BIGINT PRIMARY KEY,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    name TEXT COLLATE "C" NOT NULL,
    edit_id BIGINT REFERENCES plan_edit (id),
    actor TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX plan_snapshot_by_plan ON plan_snapshot (plan_id, id);
CREATE TABLE plan_step (
    id BIGINT PRIMARY KEY,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    step TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    edit_id BIGINT,
    actor TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX plan_step_by_plan ON plan_step (plan_id, id);
CREATE TABLE cell_lineage (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    from_code TEXT COLLATE "C" NOT NULL,
    to_code TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    area_share DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (plan_id, from_code, to_code)
);
CREATE TABLE plan_hand (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    actor TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (plan_id, actor)
);
CREATE TABLE plan_ownership (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    ownership_id BIGINT NOT NULL,
    began BOOLEAN NOT NULL,
    valid_to BIGINT,
    PRIMARY KEY (plan_id, ownership_id)
);
CREATE TABLE ticket_home (
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    network_id BIGINT NOT NULL REFERENCES network (id),
    cell_id BIGINT NOT NULL REFERENCES cell (id),
    PRIMARY KEY (ticket_id, network_id)
);
CREATE TABLE station (
    id BIGINT PRIMARY KEY,
    hash BYTEA NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    UNIQUE (hash)
);
CREATE TABLE plan_doubt (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    code TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (plan_id, code)
);
CREATE TABLE ticket_import (
    digest BYTEA PRIMARY KEY,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE counter (
    kind TEXT COLLATE "C" PRIMARY KEY,
    next BIGINT NOT NULL
);
CREATE TABLE ticket_event (
    id BIGINT PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES ticket (id),
    revision BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    told BOOLEAN NOT NULL,
    recorded_at BIGINT NOT NULL,
    origin TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    station TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    CHECK (origin IN ('imported', 'intake', 'move'))
);
CREATE INDEX ticket_event_by_ticket ON ticket_event (ticket_id, id);
