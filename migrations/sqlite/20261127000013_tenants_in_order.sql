-- Tenants whose keys are numbers are listed as numbers are counted: 9 before 10.
ALTER TABLE source_tenants ADD COLUMN key_rank INTEGER
    GENERATED ALWAYS AS (CASE WHEN trim(tenant_key, '0123456789') = '' THEN length(tenant_key) ELSE 0 END) VIRTUAL;
CREATE INDEX source_tenants_in_order ON source_tenants (tenant_id, source_id, key_rank, tenant_key);
