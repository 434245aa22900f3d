-- Where programs are told what happened. Nothing is put aside for them: they follow the organisation's audit trail, and a
-- webhook remembers up to which entry it was told. So no event is lost, whatever is down, and none costs the act that it
-- tells of anything.
CREATE TABLE webhooks (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    -- The signing secret, sealed to the workers' public key and bound to the URL's host.
    secret BYTEA NOT NULL,
    -- What it is told of: keys of acts, as a JSON list.
    acts TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'suspended')),
    -- The last entry of the trail that it was told of, or that was none for it.
    sent BIGINT NOT NULL CHECK (sent >= 0),
    -- Attempts for the next one.
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    error TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    last_sent_at BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX webhooks_due ON webhooks (next_at) WHERE state = 'active';

ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhooks FORCE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON webhooks USING (current_setting('holdfast.scope', true) IN ('*', tenant_id));
