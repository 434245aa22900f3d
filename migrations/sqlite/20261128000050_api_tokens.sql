-- Tokens by which programs act for a person in one organisation. Of the secret only its SHA-256 is here: whoever reads
-- the table cannot use what is in it. A token is not deleted but revoked, so that what it did keeps its name.
CREATE TABLE api_tokens (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    -- The first letters of the secret, by which a person recognises it.
    prefix TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    -- Names of permissions, as a JSON list.
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK (expires_at > created_at AND expires_at - created_at <= 31622400000)
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- What a repeated request is answered: the same once more, and nothing is done again. Without an answer the first
-- request is still at work, or its server died.
CREATE TABLE api_answers (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    user_id TEXT NOT NULL REFERENCES users (id),
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER,
    body TEXT,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, key),
    CHECK ((status IS NULL) = (body IS NULL))
) STRICT;
CREATE INDEX api_answers_by_age ON api_answers (begun_at);
