-- Who stands behind whom: the actor who added a person, who gave them their role or let them in again, and who made
-- the newest link by which their password was set. Whoever got their account from somebody is no second pair of eyes
-- for that somebody. Empty for what was before, and for the first operator.
ALTER TABLE memberships ADD COLUMN added_by TEXT COLLATE "C";
ALTER TABLE memberships ADD COLUMN role_by TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN password_by TEXT COLLATE "C";
