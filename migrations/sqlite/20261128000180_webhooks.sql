-- Where programs are told what happened. Nothing is put aside for them: they follow the organisation's audit trail, and a
-- webhook remembers up to which entry it was told. So no event is lost, whatever is down, and none costs the act that it
-- tells of anything.
CREATE TABLE webhooks (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    -- The signing secret, sealed to the workers' public key and bound to the URL's host.
    secret BLOB NOT NULL,
    -- What it is told of: keys of acts, as a JSON list.
    acts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    -- The last entry of the trail that it was told of, or that was none for it.
    sent INTEGER NOT NULL CHECK (sent >= 0),
    -- Attempts for the next one.
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    error TEXT,
    created_at INTEGER NOT NULL,
    last_sent_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX webhooks_due ON webhooks (next_at) WHERE state = 'active';
