-- What a person has besides a password. Secrets are sealed by the installation's sign-in key, which is wrapped by the
-- root: whoever reads these tables can make no code and guess none.
ALTER TABLE installation ADD COLUMN sign_in_key BYTEA;

CREATE TABLE totp_secrets (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- Nothing until the first code was typed back: before that it is no factor.
    confirmed_at BIGINT,
    -- The last interval whose code was used; a code of it or of an earlier one is worth nothing.
    last_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    -- Under a key that is not in the catalog.
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- Who needs a second factor in an organisation. Without a row nobody does.
CREATE TABLE sign_in_policies (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    requires TEXT COLLATE "C" NOT NULL CHECK (requires IN ('nobody', 'powerful', 'everybody')),
    grace_days BIGINT NOT NULL CHECK (grace_days BETWEEN 0 AND 30),
    since BIGINT NOT NULL
);

ALTER TABLE totp_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE totp_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY any_scope ON totp_secrets USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY any_scope ON recovery_codes USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
ALTER TABLE sign_in_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON sign_in_policies
    USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));
