-- Who asked for a run, by an id that nobody shares: people may have the same name, and requested_by is for reading.
ALTER TABLE runs ADD COLUMN requested_by_id TEXT COLLATE "C";
