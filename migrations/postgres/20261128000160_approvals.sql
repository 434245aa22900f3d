-- Requests that somebody else has to agree to, what was said to them, the rules by which that goes, and who is away.
-- A request holds the exact change, what was shown of it, and the digest over both: that is what is agreed to.
CREATE TABLE approval_requests (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    class TEXT COLLATE "C" NOT NULL,
    -- Kind and id of what it is about, e.g. `backup:019ab3…`.
    subject TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    preview TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL CHECK (length(digest) = 64),
    -- Who made what it is about, and who asked: neither may agree.
    maker_id TEXT COLLATE "C" NOT NULL,
    requester_id TEXT COLLATE "C" NOT NULL,
    requester TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'approved', 'executed', 'rejected', 'withdrawn', 'expired', 'failed')),
    needed BIGINT NOT NULL CHECK (needed BETWEEN 0 AND 5),
    cool_off_ms BIGINT NOT NULL CHECK (cool_off_ms >= 0),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    approved_at BIGINT,
    settled_at BIGINT,
    executed_by TEXT COLLATE "C",
    problem TEXT COLLATE "C",
    -- Somebody took it upon themselves, in an emergency.
    emergency_by TEXT COLLATE "C",
    -- Who was told so far: 0 nobody, 1 those who may agree, 2 once more, 3 the administrators too, 4 the end.
    told BIGINT NOT NULL DEFAULT 0 CHECK (told BETWEEN 0 AND 4),
    PRIMARY KEY (tenant_id, id),
    CHECK (state NOT IN ('approved', 'executed') OR approved_at IS NOT NULL),
    CHECK ((state = 'executed') = (executed_by IS NOT NULL)),
    CHECK ((state IN ('waiting', 'approved')) = (settled_at IS NULL))
);
-- One open request about one thing.
CREATE UNIQUE INDEX approval_requests_open ON approval_requests (tenant_id, class, subject)
    WHERE state IN ('waiting', 'approved');
CREATE INDEX approval_requests_by_time ON approval_requests (tenant_id, created_at, id);
CREATE INDEX approval_requests_by_subject ON approval_requests (tenant_id, subject);
CREATE INDEX approval_requests_due ON approval_requests (state) WHERE state IN ('waiting', 'approved');
CREATE INDEX approval_requests_untold ON approval_requests (told) WHERE told < 4;

CREATE TABLE approval_decisions (
    tenant_id TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    by_id TEXT COLLATE "C" NOT NULL,
    by_name TEXT COLLATE "C" NOT NULL,
    -- Whose voice it is: their own, or that of somebody who is away and left it to them.
    voice_id TEXT COLLATE "C" NOT NULL,
    voice_name TEXT COLLATE "C",
    verdict TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('agree', 'refuse', 'comment')),
    comment TEXT COLLATE "C",
    digest TEXT COLLATE "C" NOT NULL,
    -- Does not count any more: the request waits anew since.
    is_void BIGINT NOT NULL DEFAULT 0 CHECK (is_void IN (0, 1)),
    PRIMARY KEY (tenant_id, request_id, seq),
    FOREIGN KEY (tenant_id, request_id) REFERENCES approval_requests (tenant_id, id)
);
-- Nobody counts twice, neither by themselves nor by a voice that was left to them.
CREATE UNIQUE INDEX approval_decisions_once ON approval_decisions (tenant_id, request_id, by_id)
    WHERE verdict <> 'comment' AND is_void = 0;
CREATE UNIQUE INDEX approval_decisions_one_voice ON approval_decisions (tenant_id, request_id, voice_id)
    WHERE verdict <> 'comment' AND is_void = 0;

CREATE TABLE approval_rules (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    class TEXT COLLATE "C" NOT NULL,
    approvals BIGINT NOT NULL CHECK (approvals BETWEEN 0 AND 5),
    within_ms BIGINT NOT NULL CHECK (within_ms > 0),
    cool_off_ms BIGINT NOT NULL CHECK (cool_off_ms >= 0),
    changed_at BIGINT NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, class)
);

-- An organisation of one person that has said that it works alone.
CREATE TABLE approval_alone (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    since BIGINT NOT NULL,
    said_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL
);

CREATE TABLE approval_absences (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    from_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    -- Who agrees in their place, if anybody.
    to_user_id TEXT COLLATE "C" REFERENCES users (id),
    made_by TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    CHECK (until_at > from_at),
    CHECK (to_user_id IS NULL OR to_user_id <> user_id)
);
CREATE INDEX approval_absences_by_user ON approval_absences (tenant_id, user_id, until_at);
CREATE INDEX approval_absences_by_deputy ON approval_absences (tenant_id, to_user_id, until_at);

-- A notice to one person; without, it goes to the channel of the organisation.
ALTER TABLE notices ADD COLUMN target TEXT COLLATE "C";

-- Who had asked for a restore or agreed to one did so by another procedure: it is asked for anew. What would change was
-- computed and stays.
UPDATE restore_requests SET state = 'planned', asked_by_id = NULL, asked_at = NULL, approved_by_id = NULL,
    approved_at = NULL, approved_until = NULL, version = version + 1
    WHERE state IN ('awaiting_approval', 'approved');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['approval_requests', 'approval_decisions', 'approval_rules', 'approval_alone',
        'approval_absences'] LOOP
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
