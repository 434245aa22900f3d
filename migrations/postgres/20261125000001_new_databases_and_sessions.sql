-- Databases that restores make, so that what a killed worker left of them is found again; and what a person wants to
-- know of their own sessions.

CREATE TABLE new_databases (
    tenant_id TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    database_name TEXT COLLATE "C" NOT NULL,
    -- What was found in it once it was whole; nothing before.
    summary TEXT COLLATE "C",
    equal BIGINT CHECK (equal IN (0, 1)),
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, run_id),
    CHECK ((summary IS NULL) = (equal IS NULL)),
    FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);

-- Not the cookie, and not made from it: only a name by which a person can end one of their sessions.
ALTER TABLE sessions ADD COLUMN handle TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN seen_at BIGINT;
ALTER TABLE sessions ADD COLUMN address TEXT COLLATE "C";
ALTER TABLE sessions ADD COLUMN agent TEXT COLLATE "C";
CREATE UNIQUE INDEX sessions_by_handle ON sessions (handle);
