-- Everything the control plane remembers.
--
-- Rows of an organisation have the key (tenant_id, id), and refer to each other by both columns, so that a
-- reference into another organisation cannot be stored. Times are unix milliseconds, ids UUIDs as text,
-- structured values JSON as text, truth values 0 and 1. Text sorts by bytes, as in SQLite.

CREATE TABLE installation (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    setup TEXT COLLATE "C" NOT NULL CHECK (setup IN ('needed', 'recovery_unconfirmed', 'done')),
    recovery_public BYTEA,
    -- The sealed recovery key, until its first operator has typed it back.
    recovery_pending BYTEA,
    recovery_pending_for TEXT COLLATE "C",
    worker_public BYTEA,
    signing_public BYTEA
);

CREATE TABLE tenants (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    -- In lower case.
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT COLLATE "C",
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    created_at BIGINT NOT NULL,
    last_sign_in BIGINT
);

CREATE TABLE memberships (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    role TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE sessions (
    -- SHA-256 of the id in the cookie.
    id BYTEA NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" REFERENCES users (id),
    data TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE password_links (
    -- SHA-256 of the token in the link.
    token_hash BYTEA NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX password_links_by_user ON password_links (user_id);

-- Vaults belong to the installation; organisations are apart in them by their object keys.
CREATE TABLE vaults (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    kind TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE connections (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    port BIGINT NOT NULL CHECK (port BETWEEN 1 AND 65535),
    user_name TEXT COLLATE "C" NOT NULL,
    tls TEXT COLLATE "C" NOT NULL,
    -- Sealed to the workers' public key, and void unless the three that follow are those above.
    credential BYTEA,
    credential_host TEXT COLLATE "C",
    credential_port BIGINT,
    credential_user TEXT COLLATE "C",
    capabilities TEXT COLLATE "C",
    probed_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE sources (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    database_name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, connection_id, database_name),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);

CREATE TABLE schedules (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    cron TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    -- The last slot that was dealt with; at first the moment it was made or changed.
    last_slot BIGINT NOT NULL,
    next_at BIGINT,
    missed BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- When it was made, changed or switched on: slots before it are nobody's.
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_id, kind),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id)
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE enabled = 1;

CREATE TABLE missed_slots (
    tenant_id TEXT COLLATE "C" NOT NULL,
    schedule_id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    slot BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, schedule_id, slot),
    FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id)
);
CREATE INDEX missed_slots_by_time ON missed_slots (tenant_id, slot);

CREATE TABLE runs (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C",
    connection_id TEXT COLLATE "C",
    -- The backup it will make, allotted here so that a retry finds what an earlier start published.
    makes_backup_id TEXT COLLATE "C",
    -- The backup it works on.
    backup_id TEXT COLLATE "C",
    subject TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'running', 'retrying', 'completed', 'failed', 'cancelled')),
    starts BIGINT NOT NULL,
    -- Grows with every claim; a write must name the present one.
    fence BIGINT NOT NULL,
    lease_owner TEXT COLLATE "C",
    lease_until BIGINT,
    claimed_at BIGINT,
    published_at BIGINT,
    next_at BIGINT,
    cancel_requested BIGINT NOT NULL CHECK (cancel_requested IN (0, 1)),
    progress TEXT COLLATE "C",
    error TEXT COLLATE "C",
    requested_by TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C",
    slot BIGINT,
    slot_key TEXT COLLATE "C",
    idempotency_key TEXT COLLATE "C",
    input TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (id),
    UNIQUE (tenant_id, slot_key),
    UNIQUE (tenant_id, idempotency_key),
    UNIQUE (tenant_id, makes_backup_id),
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state IN ('queued', 'retrying')) = (next_at IS NOT NULL)),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
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
    tenant_id TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
);

-- What is known about a backup, whether it is kept, and how its copies stand are three separate things.
CREATE TABLE backups (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    database_name TEXT COLLATE "C" NOT NULL,
    snapshot_at BIGINT NOT NULL,
    label TEXT COLLATE "C",
    verification TEXT COLLATE "C" NOT NULL CHECK (verification IN ('none', 'restore_ok', 'failed', 'stale')),
    verified_at BIGINT,
    retention TEXT COLLATE "C" NOT NULL CHECK (retention IN ('active', 'expiring', 'deleted')),
    deleted_at BIGINT,
    plain_bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    phases TEXT COLLATE "C" NOT NULL,
    coordinate TEXT COLLATE "C" NOT NULL,
    server_version TEXT COLLATE "C" NOT NULL,
    client_version TEXT COLLATE "C" NOT NULL,
    codec TEXT COLLATE "C" NOT NULL,
    tables BIGINT NOT NULL,
    manifest_sha256 TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((retention = 'deleted') = (deleted_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
);
ALTER TABLE runs ADD FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id);
CREATE INDEX backups_by_time ON backups (tenant_id, snapshot_at, id);
CREATE INDEX backups_by_source ON backups (tenant_id, source_id, snapshot_at, id);
CREATE INDEX backups_expiring ON backups (snapshot_at) WHERE retention = 'expiring';

CREATE TABLE copies (
    tenant_id TEXT COLLATE "C" NOT NULL,
    backup_id TEXT COLLATE "C" NOT NULL,
    vault_id TEXT COLLATE "C" NOT NULL REFERENCES vaults (id),
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('present', 'missing', 'deleted')),
    manifest_key TEXT COLLATE "C" NOT NULL,
    objects BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, backup_id, vault_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id)
);

CREATE TABLE evidence (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    backup_id TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    equal BIGINT NOT NULL CHECK (equal IN (0, 1)),
    evidence TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, run_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id)
);
CREATE INDEX evidence_by_backup ON evidence (tenant_id, backup_id, at);

CREATE TABLE channels (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    email_to TEXT COLLATE "C",
    webhook_url TEXT COLLATE "C",
    webhook_secret BYTEA
);

-- The outbox: one row per notice and channel.
CREATE TABLE notices (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL CHECK (channel IN ('email', 'webhook')),
    -- What it must be sent for once only.
    dedupe_key TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    error TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, dedupe_key, channel)
);
CREATE INDEX notices_due ON notices (next_at) WHERE state = 'waiting';
CREATE INDEX notices_by_time ON notices (tenant_id, created_at, id);

-- Append only: the triggers refuse everything else.
CREATE TABLE audit (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Nothing if it concerns the installation.
    tenant_id TEXT COLLATE "C" REFERENCES tenants (tenant_id),
    at BIGINT NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant_id, at, id);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append only';
END $$;
CREATE TRIGGER audit_never_changed BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
