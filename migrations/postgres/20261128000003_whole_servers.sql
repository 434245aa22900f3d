-- Whole servers as sources, and backups of their files.
--
-- `database_name` of such a source is only how it is shown. Its engine follows from what it protects.
ALTER TABLE sources ADD COLUMN protects TEXT COLLATE "C" NOT NULL DEFAULT 'database' CHECK (protects IN ('database', 'server'));
CREATE UNIQUE INDEX sources_one_server ON sources (tenant_id, connection_id) WHERE protects = 'server';

-- A backup of files, and the one that it continues: never one that the catalog does not know.
CREATE TABLE physical_backups (
    tenant_id TEXT COLLATE "C" NOT NULL,
    backup_id TEXT COLLATE "C" NOT NULL,
    parent_id TEXT COLLATE "C",
    -- What it says of itself.
    facts TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, backup_id),
    CHECK (parent_id <> backup_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES backups (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES physical_backups (tenant_id, backup_id)
);
CREATE INDEX physical_backups_by_parent ON physical_backups (tenant_id, parent_id);

ALTER TABLE physical_backups ENABLE ROW LEVEL SECURITY;
ALTER TABLE physical_backups FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON physical_backups
    USING (coalesce(current_setting('holdfast.scope', true), '') IN ('', '*', tenant_id));
