-- What a person has besides a password. Secrets are sealed by the installation's sign-in key, which is wrapped by the
-- root: whoever reads these tables can make no code and guess none.
ALTER TABLE installation ADD COLUMN sign_in_key BLOB;

CREATE TABLE totp_secrets (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- Nothing until the first code was typed back: before that it is no factor.
    confirmed_at INTEGER,
    -- The last interval whose code was used; a code of it or of an earlier one is worth nothing.
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    -- Under a key that is not in the catalog.
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT;

-- Who needs a second factor in an organisation. Without a row nobody does.
CREATE TABLE sign_in_policies (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    requires TEXT NOT NULL CHECK (requires IN ('nobody', 'powerful', 'everybody')),
    grace_days INTEGER NOT NULL CHECK (grace_days BETWEEN 0 AND 30),
    since INTEGER NOT NULL
) STRICT;
