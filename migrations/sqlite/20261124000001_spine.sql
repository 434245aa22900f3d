-- Everything the control plane remembers.
--
-- Rows of an organisation have the key (tenant_id, id), and refer to each other by both columns, so that a
-- reference into another organisation cannot be stored. Times are unix milliseconds, ids UUIDs as text,
-- structured values JSON as text, truth values 0 and 1.

CREATE TABLE installation (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    setup TEXT NOT NULL CHECK (setup IN ('needed', 'recovery_unconfirmed', 'done')),
    recovery_public BLOB,
    -- The sealed recovery key, until its first operator has typed it back.
    recovery_pending BLOB,
    recovery_pending_for TEXT,
    worker_public BLOB,
    signing_public BLOB
) STRICT;

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- In lower case.
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at INTEGER NOT NULL,
    last_sign_in INTEGER
) STRICT;

CREATE TABLE memberships (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) STRICT;
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE sessions (
    -- SHA-256 of the id in the cookie.
    id BLOB NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE password_links (
    -- SHA-256 of the token in the link.
    token_hash BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX password_links_by_user ON password_links (user_id);

-- Vaults belong to the installation; organisations are apart in them by their object keys.
CREATE TABLE vaults (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    location TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE connections (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    user_name TEXT NOT NULL,
    tls TEXT NOT NULL,
    -- Sealed to the workers' public key, and void unless the three that follow are those above.
    credential BLOB,
    credential_host TEXT,
    credential_port INTEGER,
    credential_user TEXT,
    capabilities TEXT,
    probed_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) STRICT;

CREATE TABLE sources (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    database_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, connection_id, database_name),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
) STRICT;

CREATE TABLE schedules (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    cron TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- The last slot that was dealt with; at first the moment it was made or changed.
    last_slot INTEGER NOT NULL,
    next_at INTEGER,
    missed INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- When it was made, changed or switched on: slots before it are nobody's.
    since INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_id, kind),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id)
) STRICT;
CREATE INDEX schedules_due ON schedules (next_at) WHERE enabled = 1;

CREATE TABLE missed_slots (
    tenant_id TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    slot INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, schedule_id, slot),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id)
) STRICT;
CREATE INDEX missed_slots_by_time ON missed_slots (tenant_id, slot);

CREATE TABLE runs (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT,
    connection_id TEXT,
    -- The backup it will make, allotted here so that a retry finds what an earlier start published.
    makes_backup_id TEXT,
    -- The backup it works on.
    backup_id TEXT,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'retrying', 'completed', 'failed', 'cancelled')),
    starts INTEGER NOT NULL,
    -- Grows with every claim; a write must name the present one.
    fence INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    claimed_at INTEGER,
    published_at INTEGER,
    next_at INTEGER,
    cancel_requested INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
    progress TEXT,
    error TEXT,
    requested_by TEXT NOT NULL,
    label TEXT,
    slot INTEGER,
    slot_key TEXT,
    idempotency_key TEXT,
    input TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (id),
    UNIQUE (tenant_id, slot_key),
    UNIQUE (tenant_id, idempotency_key),
    UNIQUE (tenant_id, makes_backup_id),
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state IN ('queued', 'retrying')) = (next_at IS NOT NULL)),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id)
) STRICT;
-- One active run per source and kind; a probe has no source, so one per connection.
CREATE UNIQUE INDEX runs_one_active ON runs (tenant_id, source_id, kind)
    WHERE state IN ('queued', 'running', 'retrying') AND source_id IS NOT NULL;
CREATE UNIQUE INDEX runs_one_active_probe ON runs (tenant_id, connection_id, kind)
    WHERE state IN ('queued', 'running', 'retrying') AND source_id IS NULL;
CREATE INDEX runs_due ON runs (next_at) WHERE state IN ('queued', 'retrying');
CREATE INDEX runs_leased ON runs (lease_until) WHERE state = 'running';
CREATE INDEX runs_by_tenant ON runs (tenant_id, created_at, id);
CREATE INDEX runs_by_source ON runs (tenant_id, source_id, created_at, id);
CREATE INDEX runs_by_connection ON runs (tenant_id, connection_id, created_at, id);
CREATE INDEX runs_by_backup ON runs (tenant_id, backup_id);
CREATE INDEX runs_by_state ON runs (tenant_id, state);
CREATE INDEX runs_by_claim ON runs (tenant_id, claimed_at);

CREATE TABLE run_events (
    tenant_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
) STRICT;

-- What is known about a backup, whether it is kept, and how its copies stand are three separate things.
CREATE TABLE backups (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    database_name TEXT NOT NULL,
    snapshot_at INTEGER NOT NULL,
    label TEXT,
    verification TEXT NOT NULL CHECK (verification IN ('none', 'restore_ok', 'failed', 'stale')),
    verified_at INTEGER,
    retention TEXT NOT NULL CHECK (retention IN ('active', 'expiring', 'deleted')),
    deleted_at INTEGER,
    plain_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    phases TEXT NOT NULL,
    coordinate TEXT NOT NULL,
    server_version TEXT NOT NULL,
    client_version TEXT NOT NULL,
    codec TEXT NOT NULL,
    tables INTEGER NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((retention = 'deleted') = (deleted_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
) STRICT;
CREATE INDEX backups_by_time ON backups (tenant_id, snapshot_at, id);
CREATE INDEX backups_by_source ON backups (tenant_id, source_id, snapshot_at, id);
CREATE INDEX backups_expiring ON backups (snapshot_at) WHERE retention = 'expiring';

CREATE TABLE copies (
    tenant_id TEXT NOT NULL,
    backup_id TEXT NOT NULL,
    vault_id TEXT NOT NULL REFERENCES vaults (id),
    state TEXT NOT NULL CHECK (state IN ('present', 'missing', 'deleted')),
    manifest_key TEXT NOT NULL,
    objects INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, backup_id, vault_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id)
) STRICT;

CREATE TABLE evidence (
    tenant_id TEXT NOT NULL,
    id TEXT NOT NULL,
    backup_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    equal INTEGER NOT NULL CHECK (equal IN (0, 1)),
    evidence TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, run_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
) STRICT;
CREATE INDEX evidence_by_backup ON evidence (tenant_id, backup_id, at);

CREATE TABLE channels (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    email_to TEXT,
    webhook_url TEXT,
    webhook_secret BLOB
) STRICT;

-- The outbox: one row per notice and channel.
CREATE TABLE notices (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    -- What it must be sent for once only.
    dedupe_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    next_at INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, dedupe_key, channel)
) STRICT;
CREATE INDEX notices_due ON notices (next_at) WHERE state = 'waiting';
CREATE INDEX notices_by_time ON notices (tenant_id, created_at, id);

-- Append only: the triggers refuse everything else.
CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    -- Nothing if it concerns the installation.
    tenant_id TEXT REFERENCES tenants (tenant_id),
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_tenant ON audit (tenant_id, at, id);

CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
