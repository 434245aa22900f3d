-- A tenant restore of which nobody knows whether its last step changed the live rows: a server's answer was lost, and
-- the rows have moved on. It counts as applied, so that it can be undone.
ALTER TABLE restore_requests ADD COLUMN is_unsure BIGINT NOT NULL DEFAULT 0 CHECK (is_unsure IN (0, 1));
