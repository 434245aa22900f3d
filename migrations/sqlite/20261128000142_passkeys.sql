-- Passkeys of people. Only public keys are here: whoever reads the table can sign in as nobody.
CREATE TABLE passkeys (
    user_id TEXT NOT NULL REFERENCES users (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    -- Public key, counter and kind, as JSON.
    credential TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (user_id, id)
) STRICT;
