-- Passkeys of people. Only public keys are here: whoever reads the table can sign in as nobody.
CREATE TABLE passkeys (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    credential_id BYTEA NOT NULL UNIQUE,
    -- Public key, counter and kind, as JSON.
    credential TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (user_id, id)
);

ALTER TABLE passkeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkeys FORCE ROW LEVEL SECURITY;
CREATE POLICY any_scope ON passkeys USING (coalesce(current_setting('holdfast.scope', true), '') <> '');
