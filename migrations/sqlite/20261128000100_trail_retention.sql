-- Entries of the audit trail go after seven years, from the beginning of a chain and whole heads at a time. What went says
-- this table, with the proof that its time was over; heads stay for ever.
CREATE TABLE audit_removed (
    tenant_id TEXT NOT NULL,
    -- Everything under heads up to this one goes together.
    round INTEGER NOT NULL REFERENCES audit_heads (number),
    -- The mark of the last entry that goes, as it stood in `audit_marks`.
    head INTEGER NOT NULL REFERENCES audit_heads (number),
    first_entry INTEGER NOT NULL CHECK (first_entry > 0),
    last_entry INTEGER NOT NULL CHECK (last_entry >= first_entry),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    entries BLOB NOT NULL CHECK (length(entries) = 32),
    -- Its way to the root of that head: which leaf it is, and the hashes beside the way, one behind the other.
    place INTEGER NOT NULL CHECK (place >= 0),
    path BLOB NOT NULL CHECK (length(path) % 32 = 0),
    -- The entry that says so.
    entry INTEGER NOT NULL CHECK (entry > last_entry),
    PRIMARY KEY (tenant_id, round),
    UNIQUE (tenant_id, last_entry)
) STRICT;

-- Only what a mark says, and only seven years (2557 days) after the head over it, by the clock of the entry that says so.
CREATE TRIGGER audit_removed_is_right BEFORE INSERT ON audit_removed
WHEN EXISTS (SELECT 1 FROM audit_removed WHERE tenant_id = NEW.tenant_id
        AND (round >= NEW.round OR last_entry >= NEW.last_entry))
    OR NOT EXISTS (SELECT 1 FROM audit_marks m JOIN audit_heads h ON h.number = m.head
        JOIN audit_entries e ON e.tenant_id = m.tenant_id AND e.sequence = NEW.entry AND e.act = 'audit.expire'
        WHERE m.tenant_id = NEW.tenant_id AND m.head = NEW.head AND m.head <= NEW.round
        AND m.first_entry = NEW.first_entry AND m.last_entry = NEW.last_entry AND m.hash = NEW.hash
        AND e.at >= h.at + 220924800000)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_removed_never_changed BEFORE UPDATE ON audit_removed
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_removed_never_removed BEFORE DELETE ON audit_removed
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

-- What this table says may go, once the entry that says so is under a signed head.
DROP TRIGGER audit_entries_never_removed;
CREATE TRIGGER audit_entries_never_removed BEFORE DELETE ON audit_entries
WHEN NOT EXISTS (SELECT 1 FROM audit_removed r JOIN audit_marks m ON m.tenant_id = r.tenant_id
    AND m.first_entry <= r.entry AND m.last_entry >= r.entry
    WHERE r.tenant_id = OLD.tenant_id AND r.last_entry >= OLD.sequence)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
DROP TRIGGER audit_marks_never_removed;
CREATE TRIGGER audit_marks_never_removed BEFORE DELETE ON audit_marks
WHEN NOT EXISTS (SELECT 1 FROM audit_removed r JOIN audit_marks m ON m.tenant_id = r.tenant_id
    AND m.first_entry <= r.entry AND m.last_entry >= r.entry
    WHERE r.tenant_id = OLD.tenant_id AND r.last_entry >= OLD.last_entry)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

-- SQLite fires no trigger for the rows that INSERT OR REPLACE puts others in the place of, so what is there already must be
-- refused before. RAISE(IGNORE) leaves the row as it is, as ON CONFLICT DO NOTHING does.
CREATE TRIGGER audit_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_chains_never_replaced BEFORE INSERT ON audit_chains
WHEN NEW.sequence <> 0 OR EXISTS (SELECT 1 FROM audit_chains WHERE tenant_id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_heads_never_replaced BEFORE INSERT ON audit_heads
WHEN EXISTS (SELECT 1 FROM audit_heads WHERE number = NEW.number)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER audit_marks_never_replaced BEFORE INSERT ON audit_marks
WHEN EXISTS (SELECT 1 FROM audit_marks WHERE tenant_id = NEW.tenant_id
    AND (head = NEW.head OR first_entry = NEW.first_entry OR last_entry = NEW.last_entry))
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_anchors_never_replaced BEFORE INSERT ON audit_anchors
WHEN EXISTS (SELECT 1 FROM audit_anchors WHERE head = NEW.head AND vault_id = NEW.vault_id)
BEGIN SELECT RAISE(IGNORE); END;
