-- Entries of the audit trail go after seven years, from the beginning of a chain and whole heads at a time. What went says
-- this table, with the proof that its time was over; heads stay for ever.
CREATE TABLE audit_removed (
    tenant_id TEXT COLLATE "C" NOT NULL,
    -- Everything under heads up to this one goes together.
    round BIGINT NOT NULL REFERENCES audit_heads (number),
    -- The mark of the last entry that goes, as it stood in `audit_marks`.
    head BIGINT NOT NULL REFERENCES audit_heads (number),
    first_entry BIGINT NOT NULL CHECK (first_entry > 0),
    last_entry BIGINT NOT NULL CHECK (last_entry >= first_entry),
    previous BYTEA NOT NULL CHECK (octet_length(previous) = 32),
    hash BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    entries BYTEA NOT NULL CHECK (octet_length(entries) = 32),
    -- Its way to the root of that head: which leaf it is, and the hashes beside the way, one behind the other.
    place BIGINT NOT NULL CHECK (place >= 0),
    path BYTEA NOT NULL CHECK (octet_length(path) % 32 = 0),
    -- The entry that says so.
    entry BIGINT NOT NULL CHECK (entry > last_entry),
    PRIMARY KEY (tenant_id, round),
    UNIQUE (tenant_id, last_entry)
);
ALTER TABLE audit_removed ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_removed FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON audit_removed USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));

-- Only what a mark says, and only seven years (2557 days) after the head over it, by the clock of the entry that says so.
CREATE FUNCTION audit_removed_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM audit_removed WHERE tenant_id = NEW.tenant_id
            AND (round >= NEW.round OR last_entry >= NEW.last_entry))
        OR NOT EXISTS (SELECT 1 FROM audit_marks m JOIN audit_heads h ON h.number = m.head
            JOIN audit_entries e ON e.tenant_id = m.tenant_id AND e.sequence = NEW.entry AND e.act = 'audit.expire'
            WHERE m.tenant_id = NEW.tenant_id AND m.head = NEW.head AND m.head <= NEW.round
            AND m.first_entry = NEW.first_entry AND m.last_entry = NEW.last_entry AND m.hash = NEW.hash
            AND e.at >= h.at + 220924800000) THEN
        RAISE EXCEPTION 'the audit trail is append only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_removed_is_right BEFORE INSERT ON audit_removed
    FOR EACH ROW EXECUTE FUNCTION audit_removed_guard();
CREATE TRIGGER audit_removed_never_changed BEFORE UPDATE OR DELETE ON audit_removed
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_removed_never_emptied BEFORE TRUNCATE ON audit_removed
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- What this table says may go, once the entry that says so is under a signed head.
CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_removed r JOIN audit_marks m ON m.tenant_id = r.tenant_id
        AND m.first_entry <= r.entry AND m.last_entry >= r.entry
        WHERE r.tenant_id = OLD.tenant_id AND r.last_entry >= OLD.sequence) THEN
        RAISE EXCEPTION 'the audit trail is append only';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER audit_entries_never_changed ON audit_entries;
CREATE TRIGGER audit_entries_never_changed BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_entries_never_removed BEFORE DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entry_stays();

CREATE FUNCTION audit_mark_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_removed r JOIN audit_marks m ON m.tenant_id = r.tenant_id
        AND m.first_entry <= r.entry AND m.last_entry >= r.entry
        WHERE r.tenant_id = OLD.tenant_id AND r.last_entry >= OLD.last_entry) THEN
        RAISE EXCEPTION 'the audit trail is append only';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER audit_marks_never_changed ON audit_marks;
CREATE TRIGGER audit_marks_never_changed BEFORE UPDATE ON audit_marks
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_marks_never_removed BEFORE DELETE ON audit_marks
    FOR EACH ROW EXECUTE FUNCTION audit_mark_stays();
