-- Requests that somebody else has to agree to, what was said to them, the rules by which that goes, and who is away.
-- A request holds the exact change, what was shown of it, and the digest over both: that is what is agreed to.
CREATE TABLE approval_requests (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    class TEXT NOT NULL,
    -- Kind and id of what it is about, e.g. `backup:019ab3…`.
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    path TEXT NOT NULL,
    payload TEXT NOT NULL,
    preview TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    -- Who made what it is about, and who asked: neither may agree.
    maker_id TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    requester TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'executed', 'rejected', 'withdrawn', 'expired', 'failed')),
    needed INTEGER NOT NULL CHECK (needed BETWEEN 0 AND 5),
    cool_off_ms INTEGER NOT NULL CHECK (cool_off_ms >= 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    approved_at INTEGER,
    settled_at INTEGER,
    executed_by TEXT,
    problem TEXT,
    -- Somebody took it upon themselves, in an emergency.
    emergency_by TEXT,
    -- Who was told so far: 0 nobody, 1 those who may agree, 2 once more, 3 the administrators too, 4 the end.
    told INTEGER NOT NULL DEFAULT 0 CHECK (told BETWEEN 0 AND 4),
    PRIMARY KEY (tenant_id, id),
    CHECK (state NOT IN ('approved', 'executed') OR approved_at IS NOT NULL),
    CHECK ((state = 'executed') = (executed_by IS NOT NULL)),
    CHECK ((state IN ('waiting', 'approved')) = (settled_at IS NULL))
) STRICT;
-- One open request about one thing.
CREATE UNIQUE INDEX approval_requests_open ON approval_requests (tenant_id, class, subject)
    WHERE state IN ('waiting', 'approved');
CREATE INDEX approval_requests_by_time ON approval_requests (tenant_id, created_at, id);
CREATE INDEX approval_requests_by_subject ON approval_requests (tenant_id, subject);
CREATE INDEX approval_requests_due ON approval_requests (state) WHERE state IN ('waiting', 'approved');
CREATE INDEX approval_requests_untold ON approval_requests (told) WHERE told < 4;

CREATE TABLE approval_decisions (
    tenant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by_id TEXT NOT NULL,
    by_name TEXT NOT NULL,
    -- Whose voice it is: their own, or that of somebody who is away and left it to them.
    voice_id TEXT NOT NULL,
    voice_name TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN ('agree', 'refuse', 'comment')),
    comment TEXT,
    digest TEXT NOT NULL,
    -- Does not count any more: the request waits anew since.
    is_void INTEGER NOT NULL DEFAULT 0 CHECK (is_void IN (0, 1)),
    PRIMARY KEY (tenant_id, request_id, seq),
    FOREIGN KEY (tenant_id, request_id) REFERENCES approval_requests (tenant_id, id)
) STRICT;
-- Nobody counts twice, neither by themselves nor by a voice that was left to them.
CREATE UNIQUE INDEX approval_decisions_once ON approval_decisions (tenant_id, request_id, by_id)
    WHERE verdict <> 'comment' AND is_void = 0;
CREATE UNIQUE INDEX approval_decisions_one_voice ON approval_decisions (tenant_id, request_id, voice_id)
    WHERE verdict <> 'comment' AND is_void = 0;

CREATE TABLE approval_rules (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    class TEXT NOT NULL,
    approvals INTEGER NOT NULL CHECK (approvals BETWEEN 0 AND 5),
    within_ms INTEGER NOT NULL CHECK (within_ms > 0),
    cool_off_ms INTEGER NOT NULL CHECK (cool_off_ms >= 0),
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, class)
) STRICT;

-- An organisation of one person that has said that it works alone.
CREATE TABLE approval_alone (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (tenant_id),
    since INTEGER NOT NULL,
    said_by TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE approval_absences (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    -- Who agrees in their place, if anybody.
    to_user_id TEXT REFERENCES users (id),
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK (until_at > from_at),
    CHECK (to_user_id IS NULL OR to_user_id <> user_id)
) STRICT;
CREATE INDEX approval_absences_by_user ON approval_absences (tenant_id, user_id, until_at);
CREATE INDEX approval_absences_by_deputy ON approval_absences (tenant_id, to_user_id, until_at);

-- A notice to one person; without, it goes to the channel of the organisation.
ALTER TABLE notices ADD COLUMN target TEXT;

-- Who had asked for a restore or agreed to one did so by another procedure: it is asked for anew. What would change was
-- computed and stays.
UPDATE restore_requests SET state = 'planned', asked_by_id = NULL, asked_at = NULL, approved_by_id = NULL,
    approved_at = NULL, approved_until = NULL, version = version + 1
    WHERE state IN ('awaiting_approval', 'approved');
