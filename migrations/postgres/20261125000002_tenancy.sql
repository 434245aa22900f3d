-- Tenants of shared databases: whose rows are whose, what each backup holds of them, and restores of one of them.
--
-- `tenant_id` is the organisation, as everywhere. A tenant of the protected database is its `tenant_key` there.

ALTER TABLE sources ADD COLUMN engine TEXT COLLATE "C" NOT NULL DEFAULT 'native' CHECK (engine IN ('native', 'mysqldump'));
ALTER TABLE sources ADD COLUMN tenant_column TEXT COLLATE "C" NOT NULL DEFAULT 'TenantId';

-- What a source's tenant map is like: its draft, and the version that backups follow.
CREATE TABLE tenant_maps (
    tenant_id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    -- Grows with every change of the draft.
    version BIGINT NOT NULL,
    inferred_at BIGINT,
    -- The newest version that was confirmed.
    confirmed_version BIGINT,
    -- Digest of the drift that the last run found, so that a change is told once.
    drift_digest TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, source_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id)
);

-- The draft, table by table, beside the route that backups follow.
CREATE TABLE map_tables (
    tenant_id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    table_name TEXT COLLATE "C" NOT NULL,
    -- All three or none: a table that the schema has and the draft has not.
    route_kind TEXT COLLATE "C" CHECK (route_kind IN ('column', 'paths', 'shared', 'excluded')),
    route TEXT COLLATE "C",
    shape TEXT COLLATE "C",
    note TEXT COLLATE "C",
    is_chosen BIGINT NOT NULL CHECK (is_chosen IN (0, 1)),
    -- Columns and paths that can be chosen.
    choices TEXT COLLATE "C",
    confirmed_route TEXT COLLATE "C",
    confirmed_shape TEXT COLLATE "C",
    drift TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, source_id, table_name),
    CHECK ((route IS NULL) = (shape IS NULL) AND (route IS NULL) = (route_kind IS NULL)),
    CHECK ((confirmed_route IS NULL) = (confirmed_shape IS NULL)),
    FOREIGN KEY (tenant_id, source_id) REFERENCES tenant_maps (tenant_id, source_id)
);

-- Every version that was confirmed.
CREATE TABLE map_versions (
    tenant_id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    map TEXT COLLATE "C" NOT NULL,
    -- Of the routes alone.
    digest TEXT COLLATE "C" NOT NULL,
    confirmed_by TEXT COLLATE "C" NOT NULL,
    confirmed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, source_id, version),
    FOREIGN KEY (tenant_id, source_id) REFERENCES tenant_maps (tenant_id, source_id)
);
CREATE INDEX map_versions_by_digest ON map_versions (tenant_id, source_id, digest);

ALTER TABLE backups ADD COLUMN engine TEXT COLLATE "C" NOT NULL DEFAULT 'mysqldump' CHECK (engine IN ('native', 'mysqldump'));
-- The one tenant it was taken for.
ALTER TABLE backups ADD COLUMN tenant_key TEXT COLLATE "C";
-- The routes that it followed.
ALTER TABLE backups ADD COLUMN map_digest TEXT COLLATE "C";
-- Whether every table had a route that could be followed, and whether those routes were ever confirmed too.
ALTER TABLE backups ADD COLUMN is_covered BIGINT NOT NULL DEFAULT 0 CHECK (is_covered IN (0, 1));
ALTER TABLE backups ADD COLUMN is_complete BIGINT NOT NULL DEFAULT 0 CHECK (is_complete IN (0, 1));
ALTER TABLE backups ADD COLUMN shared_rows BIGINT NOT NULL DEFAULT 0;
ALTER TABLE backups ADD COLUMN drift TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE backups ADD COLUMN remarks TEXT COLLATE "C" NOT NULL DEFAULT '[]';

CREATE TABLE source_tenants (
    tenant_id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    tenant_key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, source_id, tenant_key),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id)
);

CREATE TABLE backup_tenants (
    tenant_id TEXT COLLATE "C" NOT NULL,
    backup_id TEXT COLLATE "C" NOT NULL,
    tenant_key TEXT COLLATE "C" NOT NULL,
    -- Those of the backup, for the list of one tenant's backups.
    source_id TEXT COLLATE "C" NOT NULL,
    snapshot_at BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    plain_bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, backup_id, tenant_key),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id),
    FOREIGN KEY (tenant_id, source_id, tenant_key) REFERENCES source_tenants (tenant_id, source_id, tenant_key)
);
CREATE INDEX backup_tenants_by_key ON backup_tenants (tenant_id, source_id, tenant_key, snapshot_at, backup_id);

-- The one tenant that a run works for.
ALTER TABLE runs ADD COLUMN tenant_key TEXT COLLATE "C";
-- What it leaves for people, e.g. the file that it wrote.
ALTER TABLE runs ADD COLUMN output TEXT COLLATE "C";
CREATE INDEX runs_by_tenant_key ON runs (tenant_id, source_id, tenant_key, created_at, id);
-- One active run per source, kind and tenant. Runs that write to a live database are one at a time per source,
-- whatever their kind and tenant.
DROP INDEX runs_one_active;
CREATE UNIQUE INDEX runs_one_active ON runs (tenant_id, source_id, kind, coalesce(tenant_key, ''))
    WHERE state IN ('queued', 'running', 'retrying') AND source_id IS NOT NULL;
CREATE UNIQUE INDEX runs_one_writing ON runs (tenant_id, source_id)
    WHERE state IN ('queued', 'running', 'retrying') AND kind IN ('apply_restore', 'undo_restore');

-- A tenant restore from its preview to its undo. What is approved is a digest; what carries it out is a run.
CREATE TABLE restore_requests (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    backup_id TEXT COLLATE "C" NOT NULL,
    tenant_key TEXT COLLATE "C" NOT NULL,
    selection TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('planning', 'planned', 'awaiting_approval', 'approved', 'applying', 'applied',
        'undoing', 'undone', 'rejected', 'withdrawn', 'failed')),
    version BIGINT NOT NULL,
    -- Which attempt of the plan left the change set in the vault; none while there is none.
    attempt BIGINT,
    -- In figures, without any row; the tables are in restore_tables.
    difference TEXT COLLATE "C",
    digest TEXT COLLATE "C",
    changes BIGINT,
    is_applicable BIGINT NOT NULL CHECK (is_applicable IN (0, 1)),
    made_by_id TEXT COLLATE "C" NOT NULL,
    made_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    asked_by_id TEXT COLLATE "C",
    asked_at BIGINT,
    approved_by_id TEXT COLLATE "C",
    approved_at BIGINT,
    approved_until BIGINT,
    plan_run_id TEXT COLLATE "C" NOT NULL,
    apply_run_id TEXT COLLATE "C",
    undo_run_id TEXT COLLATE "C",
    applied_at BIGINT,
    undone_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_run_id),
    UNIQUE (tenant_id, apply_run_id),
    -- Nobody agrees to what they asked for themselves.
    CHECK (approved_by_id IS NULL OR (approved_by_id <> made_by_id AND asked_by_id IS NOT NULL AND approved_by_id <> asked_by_id)),
    CHECK ((approved_by_id IS NULL) = (approved_until IS NULL)),
    -- Nothing is applied that was not approved, and nothing approved that nobody could look at.
    CHECK (state NOT IN ('approved', 'applying', 'applied', 'undoing', 'undone')
        OR (approved_by_id IS NOT NULL AND digest IS NOT NULL AND attempt IS NOT NULL AND is_applicable = 1)),
    CHECK (state NOT IN ('applying', 'applied', 'undoing', 'undone') OR apply_run_id IS NOT NULL),
    CHECK (state NOT IN ('undoing', 'undone') OR undo_run_id IS NOT NULL),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_run_id) REFERENCES runs (tenant_id, id),
    FOREIGN KEY (tenant_id, apply_run_id) REFERENCES runs (tenant_id, id),
    FOREIGN KEY (tenant_id, undo_run_id) REFERENCES runs (tenant_id, id)
);
CREATE INDEX restore_requests_by_time ON restore_requests (tenant_id, created_at, id);
CREATE INDEX restore_requests_by_key ON restore_requests (tenant_id, source_id, tenant_key, created_at, id);
CREATE INDEX restore_requests_by_backup ON restore_requests (tenant_id, backup_id);

CREATE TABLE restore_events (
    tenant_id TEXT COLLATE "C" NOT NULL,
    restore_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    comment TEXT COLLATE "C",
    run_id TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, restore_id, seq),
    FOREIGN KEY (tenant_id, restore_id) REFERENCES restore_requests (tenant_id, id)
);

CREATE TABLE restore_tables (
    tenant_id TEXT COLLATE "C" NOT NULL,
    restore_id TEXT COLLATE "C" NOT NULL,
    table_name TEXT COLLATE "C" NOT NULL,
    -- 0 if it changes, so that those come first.
    is_unchanged BIGINT NOT NULL CHECK (is_unchanged IN (0, 1)),
    inserts BIGINT NOT NULL,
    updates BIGINT NOT NULL,
    deletes BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, restore_id, table_name),
    FOREIGN KEY (tenant_id, restore_id) REFERENCES restore_requests (tenant_id, id)
);
CREATE INDEX restore_tables_by_change ON restore_tables (tenant_id, restore_id, is_unchanged, table_name);
