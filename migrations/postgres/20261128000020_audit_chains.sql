-- The audit trail that nobody can rewrite: every entry's hash covers the one before it, in a chain for each organisation and
-- one for the installation (`platform`). Nothing here refers to an organisation's row: a trail outlives whom it is about.

-- Where each chain stands. The row is what writers of one chain queue at.
CREATE TABLE audit_chains (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    -- The last entry that has to be anchored at once; 0 if there was none.
    urgent BIGINT NOT NULL
);

CREATE TABLE audit_entries (
    tenant_id TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL CHECK (sequence > 0),
    previous BYTEA NOT NULL CHECK (octet_length(previous) = 32),
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    -- What was hashed. The columns below repeat of it what is searched by.
    event BYTEA NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    urgent BIGINT NOT NULL CHECK (urgent IN (0, 1)),
    PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, at, sequence);
CREATE INDEX audit_entries_by_actor ON audit_entries (tenant_id, actor, at, sequence);
CREATE INDEX audit_entries_by_act ON audit_entries (tenant_id, act, at, sequence);
CREATE INDEX audit_entries_by_object ON audit_entries (tenant_id, object, at, sequence);
-- Nearly everything was done: only the rest is worth finding by its outcome.
CREATE INDEX audit_entries_by_outcome ON audit_entries (tenant_id, outcome, at, sequence) WHERE outcome <> 'done';

-- Signed roots over what is new in all chains.
CREATE TABLE audit_heads (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
    installation TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    leaves BIGINT NOT NULL CHECK (leaves > 0),
    root BYTEA NOT NULL CHECK (octet_length(root) = 32),
    previous BYTEA NOT NULL CHECK (octet_length(previous) = 32),
    signature BYTEA NOT NULL CHECK (octet_length(signature) = 64)
);

-- What of one chain was new in a head.
CREATE TABLE audit_marks (
    tenant_id TEXT COLLATE "C" NOT NULL,
    head BIGINT NOT NULL REFERENCES audit_heads (number),
    first_entry BIGINT NOT NULL CHECK (first_entry > 0),
    last_entry BIGINT NOT NULL CHECK (last_entry >= first_entry),
    previous BYTEA NOT NULL CHECK (octet_length(previous) = 32),
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    entries BYTEA NOT NULL CHECK (octet_length(entries) = 32),
    PRIMARY KEY (tenant_id, head),
    UNIQUE (tenant_id, first_entry),
    UNIQUE (tenant_id, last_entry)
);
CREATE INDEX audit_marks_by_head ON audit_marks (head);

-- Heads that were seen in a vault.
CREATE TABLE audit_anchors (
    head BIGINT NOT NULL REFERENCES audit_heads (number),
    vault_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (head, vault_id)
);

-- An entry continues its chain or is not written, whoever writes it.
CREATE FUNCTION audit_entry_continue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_chains
        SET sequence = NEW.sequence, hash = NEW.hash,
            urgent = CASE WHEN NEW.urgent = 1 THEN NEW.sequence ELSE urgent END
        WHERE tenant_id = NEW.tenant_id AND sequence = NEW.sequence - 1 AND hash = NEW.previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an audit entry must continue its chain';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_entries_continue BEFORE INSERT ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entry_continue();

-- A chain stays or goes on by one.
CREATE FUNCTION audit_chain_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tenant_id <> OLD.tenant_id OR NOT (NEW.sequence = OLD.sequence + 1
        OR (NEW.sequence = OLD.sequence AND NEW.hash = OLD.hash AND NEW.urgent = OLD.urgent)) THEN
        RAISE EXCEPTION 'the audit trail is append only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_chains_only_forward BEFORE UPDATE ON audit_chains
    FOR EACH ROW EXECUTE FUNCTION audit_chain_guard();
CREATE TRIGGER audit_chains_never_removed BEFORE DELETE ON audit_chains
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_chains_never_emptied BEFORE TRUNCATE ON audit_chains
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_entries_never_changed BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_entries_never_emptied BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_heads_never_changed BEFORE UPDATE OR DELETE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_heads_never_emptied BEFORE TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_marks_never_changed BEFORE UPDATE OR DELETE ON audit_marks
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_marks_never_emptied BEFORE TRUNCATE ON audit_marks
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_anchors_never_changed BEFORE UPDATE OR DELETE ON audit_anchors
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_anchors_never_emptied BEFORE TRUNCATE ON audit_anchors
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- Row security as for every table of an organisation. Heads hold nothing of anybody; they are seen in any scope.
ALTER TABLE audit_chains ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_chains FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON audit_chains USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON audit_entries USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));
ALTER TABLE audit_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_marks FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON audit_marks USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));
ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads FORCE ROW LEVEL SECURITY;
CREATE POLICY any_scope ON audit_heads USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
ALTER TABLE audit_anchors ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_anchors FORCE ROW LEVEL SECURITY;
CREATE POLICY any_scope ON audit_anchors USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
