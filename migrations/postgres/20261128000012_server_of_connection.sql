-- Which server a connection led to when it was last tested: kept while its address or account changes, so that the next
-- test knows whether it is the same one. Restores that were asked for of another one are taken back.
ALTER TABLE connections ADD COLUMN server_uuid TEXT COLLATE "C";
UPDATE connections SET server_uuid = nullif(capabilities::json ->> 'server_uuid', '');
