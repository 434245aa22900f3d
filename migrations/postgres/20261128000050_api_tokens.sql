-- Tokens by which programs act for a person in one organisation. Of the secret only its SHA-256 is here: whoever reads
-- the table cannot use what is in it. A token is not deleted but revoked, so that what it did keeps its name.
CREATE TABLE api_tokens (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    -- The first letters of the secret, by which a person recognises it.
    prefix TEXT COLLATE "C" NOT NULL,
    secret_hash BYTEA NOT NULL UNIQUE,
    -- Names of permissions, as a JSON list.
    scopes TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    CHECK (expires_at > created_at AND expires_at - created_at <= 31622400000)
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- What a repeated request is answered: the same once more, and nothing is done again. Without an answer the first
-- request is still at work, or its server died.
CREATE TABLE api_answers (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    key TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT,
    body TEXT COLLATE "C",
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX api_answers_by_age ON api_answers (begun_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['api_tokens', 'api_answers'] LOOP
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
