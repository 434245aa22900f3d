-- Roles that organisations make, groups of people, and invitations.

-- A set of permissions with a name.
CREATE TABLE custom_roles (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Names of permissions, as a JSON list.
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) STRICT;

-- The roles that people have of their own: the key of a built-in one, or the id of one of the organisation.
CREATE TABLE member_roles (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    -- From then on it is not in force; empty for one without an end.
    expires_at INTEGER,
    given_at INTEGER NOT NULL,
    given_by TEXT,
    PRIMARY KEY (tenant_id, user_id, role),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
) STRICT;
CREATE INDEX member_roles_by_user ON member_roles (user_id);
INSERT INTO member_roles (tenant_id, user_id, role, expires_at, given_at, given_by)
    SELECT tenant_id, user_id, role, NULL, created_at, role_by FROM memberships;
-- One truth: a person has one or several roles, or none that is in force.
ALTER TABLE memberships DROP COLUMN role;

-- People who have roles together.
CREATE TABLE people_groups (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- What whoever signs people in calls it; its members are then who that says.
    external_name TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, external_name)
) STRICT;
CREATE TABLE group_roles (
    tenant_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (tenant_id, group_id, role),
    FOREIGN KEY (tenant_id, group_id) REFERENCES people_groups (tenant_id, id)
) STRICT;
CREATE TABLE group_members (
    tenant_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- Whether a sign-in elsewhere put them here, which then also takes them out.
    is_external INTEGER NOT NULL CHECK (is_external IN (0, 1)),
    PRIMARY KEY (tenant_id, group_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES people_groups (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
) STRICT;
CREATE INDEX group_members_by_user ON group_members (user_id);

-- Who was asked to come. Of the link only the SHA-256 of its token is here.
CREATE TABLE invitations (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    -- In lower case.
    email TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    -- Roles with their ends, as a JSON list.
    roles TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    invited_by_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When its link was made last.
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
) STRICT;
-- One at a time for an address in an organisation.
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
