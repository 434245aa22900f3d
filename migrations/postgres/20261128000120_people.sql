-- Roles that organisations make, groups of people, and invitations.

-- A set of permissions with a name.
CREATE TABLE custom_roles (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- Names of permissions, as a JSON list.
    permissions TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- The roles that people have of their own: the key of a built-in one, or the id of one of the organisation.
CREATE TABLE member_roles (
    tenant_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    -- From then on it is not in force; empty for one without an end.
    expires_at BIGINT,
    given_at BIGINT NOT NULL,
    given_by TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, user_id, role),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
);
CREATE INDEX member_roles_by_user ON member_roles (user_id);
INSERT INTO member_roles (tenant_id, user_id, role, expires_at, given_at, given_by)
    SELECT tenant_id, user_id, role, NULL, created_at, role_by FROM memberships;
-- One truth: a person has one or several roles, or none that is in force.
ALTER TABLE memberships DROP COLUMN role;

-- People who have roles together.
CREATE TABLE people_groups (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- What whoever signs people in calls it; its members are then who that says.
    external_name TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    UNIQUE (tenant_id, external_name)
);
CREATE TABLE group_roles (
    tenant_id TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, group_id, role),
    FOREIGN KEY (tenant_id, group_id) REFERENCES people_groups (tenant_id, id)
);
CREATE TABLE group_members (
    tenant_id TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    -- Whether a sign-in elsewhere put them here, which then also takes them out.
    is_external BIGINT NOT NULL CHECK (is_external IN (0, 1)),
    PRIMARY KEY (tenant_id, group_id, user_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES people_groups (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);

-- Who was asked to come. Of the link only the SHA-256 of its token is here.
CREATE TABLE invitations (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    -- In lower case.
    email TEXT COLLATE "C" NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    -- Roles with their ends, as a JSON list.
    roles TEXT COLLATE "C" NOT NULL,
    invited_by TEXT COLLATE "C" NOT NULL,
    invited_by_name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    -- When its link was made last.
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
-- One at a time for an address in an organisation.
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['custom_roles', 'member_roles', 'people_groups', 'group_roles', 'group_members',
        'invitations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            $policy$
            CREATE POLICY one_organisation ON %I
                USING (current_setting('holdfast.scope', true) IN ('*', tenant_id))
            $policy$,
            name
        );
    END LOOP;
END $$;
