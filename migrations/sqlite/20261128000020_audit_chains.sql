-- The audit trail that nobody can rewrite: every entry's hash covers the one before it, in a chain for each organisation and
-- one for the installation (`platform`). Nothing here refers to an organisation's row: a trail outlives whom it is about.

-- Where each chain stands. The row is what writers of one chain queue at.
CREATE TABLE audit_chains (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- The last entry that has to be anchored at once; 0 if there was none.
    urgent INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_entries (
    tenant_id TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence > 0),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- What was hashed. The columns below repeat of it what is searched by.
    event BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    PRIMARY KEY (tenant_id, sequence)
) STRICT;
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, at, sequence);
CREATE INDEX audit_entries_by_actor ON audit_entries (tenant_id, actor, at, sequence);
CREATE INDEX audit_entries_by_act ON audit_entries (tenant_id, act, at, sequence);
CREATE INDEX audit_entries_by_object ON audit_entries (tenant_id, object, at, sequence);
-- Nearly everything was done: only the rest is worth finding by its outcome.
CREATE INDEX audit_entries_by_outcome ON audit_entries (tenant_id, outcome, at, sequence) WHERE outcome <> 'done';

-- Signed roots over what is new in all chains.
CREATE TABLE audit_heads (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
    installation TEXT NOT NULL,
    at INTEGER NOT NULL,
    leaves INTEGER NOT NULL CHECK (leaves > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

-- What of one chain was new in a head.
CREATE TABLE audit_marks (
    tenant_id TEXT NOT NULL,
    head INTEGER NOT NULL REFERENCES audit_heads (number),
    first_entry INTEGER NOT NULL CHECK (first_entry > 0),
    last_entry INTEGER NOT NULL CHECK (last_entry >= first_entry),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    entries BLOB NOT NULL CHECK (length(entries) = 32),
    PRIMARY KEY (tenant_id, head),
    UNIQUE (tenant_id, first_entry),
    UNIQUE (tenant_id, last_entry)
) STRICT;
CREATE INDEX audit_marks_by_head ON audit_marks (head);

-- Heads that were seen in a vault.
CREATE TABLE audit_anchors (
    head INTEGER NOT NULL REFERENCES audit_heads (number),
    vault_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (head, vault_id)
) STRICT;

-- An entry continues its chain or is not written, whoever writes it.
CREATE TRIGGER audit_entries_continue BEFORE INSERT ON audit_entries
WHEN NOT EXISTS (
    SELECT 1 FROM audit_chains
    WHERE tenant_id = NEW.tenant_id AND sequence = NEW.sequence - 1 AND hash = NEW.previous
)
BEGIN SELECT RAISE(ABORT, 'an audit entry must continue its chain'); END;
CREATE TRIGGER audit_entries_move_on AFTER INSERT ON audit_entries
BEGIN
    UPDATE audit_chains
        SET sequence = NEW.sequence, hash = NEW.hash,
            urgent = CASE WHEN NEW.urgent = 1 THEN NEW.sequence ELSE urgent END
        WHERE tenant_id = NEW.tenant_id;
END;

-- A chain stays or goes on by one.
CREATE TRIGGER audit_chains_only_forward BEFORE UPDATE ON audit_chains
WHEN NEW.tenant_id <> OLD.tenant_id OR NOT (NEW.sequence = OLD.sequence + 1
    OR (NEW.sequence = OLD.sequence AND NEW.hash = OLD.hash AND NEW.urgent = OLD.urgent))
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_chains_never_removed BEFORE DELETE ON audit_chains
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

CREATE TRIGGER audit_entries_never_changed BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_entries_never_removed BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

CREATE TRIGGER audit_heads_never_changed BEFORE UPDATE ON audit_heads
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_heads_never_removed BEFORE DELETE ON audit_heads
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

CREATE TRIGGER audit_marks_never_changed BEFORE UPDATE ON audit_marks
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_marks_never_removed BEFORE DELETE ON audit_marks
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;

CREATE TRIGGER audit_anchors_never_changed BEFORE UPDATE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
CREATE TRIGGER audit_anchors_never_removed BEFORE DELETE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
