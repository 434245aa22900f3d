-- Databases that restores make, so that what a killed worker left of them is found again; and what a person wants to
-- know of their own sessions.

CREATE TABLE new_databases (
    tenant_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    database_name TEXT NOT NULL,
    -- What was found in it once it was whole; nothing before.
    summary TEXT,
    equal INTEGER CHECK (equal IN (0, 1)),
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, run_id),
    CHECK ((summary IS NULL) = (equal IS NULL)),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
) STRICT;

-- Not the cookie, and not made from it: only a name by which a person can end one of their sessions.
ALTER TABLE sessions ADD COLUMN handle TEXT;
ALTER TABLE sessions ADD COLUMN seen_at INTEGER;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN agent TEXT;
CREATE UNIQUE INDEX sessions_by_handle ON sessions (handle);
