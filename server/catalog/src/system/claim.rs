//! Taking a run, and taking it back from a worker that died.

use domain::{
    Clock, RunId, TenantId, Timestamp,
    alerts::NoticeKind,
    audit::{Act, Deed, Field},
    backups::{MAX_STARTS, RunError, RunKind, RunState},
};

use super::requests::{doubt, run_ended};
use crate::{
    Run, SystemCatalog,
    db::{Tx, all, dialect, exec, first},
    decode::{id, storable, to_json, word},
    error::Result,
    tenant::{Notice, RunRow, append_event, run_columns},
};

/// The fairest due run: the organisation with the fewest runs at work first, then the one whose last start is
/// longest ago, then the oldest.
macro_rules! next_due {
    () => {
        "select r.tenant_id, r.id from runs r where r.state in ('queued', 'retrying') and r.next_at <= $1 \
         and r.starts < $2 and r.cancel_requested = 0 order by \
         (select count(*) from runs a where a.tenant_id = r.tenant_id and a.state = 'running'), \
         (select coalesce(max(b.claimed_at), 0) from runs b where b.tenant_id = r.tenant_id), r.next_at, r.id"
    };
}

/// Runs whose lease has expired.
macro_rules! expired {
    () => {
        "select tenant_id, id, kind, subject, starts, fence, cancel_requested, published_at from runs \
         where state = 'running' and lease_until <= $1 order by lease_until, id limit $2"
    };
}

/// A run that this worker holds. Made only by claiming; the proof behind every fenced write.
#[derive(Debug, Clone)]
pub struct Claim {
    run: Run,
    owner: String,
    fence: i64,
    was_published: bool,
}

impl Claim {
    /// The run as it was when claimed; `starts` counts this start.
    pub const fn run(&self) -> &Run {
        &self.run
    }
    /// Who holds it.
    pub fn owner(&self) -> &str {
        &self.owner
    }
    /// Grows with every claim of the run.
    pub const fn fence(&self) -> i64 {
        self.fence
    }
    /// Whether it changes rows of a live database.
    pub const fn changes_live(&self) -> bool {
        matches!(self.run.kind, RunKind::ApplyRestore | RunKind::UndoRestore)
    }
    /// Whether an earlier start may have changed rows of a live database, of which nothing is known yet.
    pub const fn may_be_done(&self) -> bool {
        self.was_published && self.changes_live()
    }
}

/// A run that is due and that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRun {
    /// Which.
    pub run_id: RunId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Starts so far.
    pub starts: i64,
    /// Since when.
    pub due_at: Timestamp,
}

/// What became of runs whose worker was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Back in the queue.
    pub queued: Vec<RunId>,
    /// Given up: too many starts.
    pub failed: Vec<RunId>,
    /// Somebody had asked them to stop.
    pub cancelled: Vec<RunId>,
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    #[sqlx(flatten)]
    run: RunRow,
    lease_owner: String,
    fence: i64,
    published_at: Option<i64>,
}

/// What the sweep needs to know of a run whose lease has expired.
#[derive(sqlx::FromRow)]
struct Orphan {
    tenant_id: String,
    id: String,
    kind: String,
    subject: String,
    starts: i64,
    fence: i64,
    cancel_requested: i64,
    published_at: Option<i64>,
}

/// Runs that one sweep takes back at most; the next one goes on.
const ORPHANS: i64 = 100;

impl SystemCatalog<'_> {
    /// Takes a run that is due, or whose holder's lease has expired, for `lease_ms`. `None` if it cannot be
    /// taken: held, finished, not due, or started too often. Counts the start.
    pub async fn claim(&self, run: RunId, owner: &str, lease_ms: i64) -> Result<Option<Claim>> {
        let mut tx = self.catalog.db.begin().await?;
        let claim = self.take(&mut tx, &run.to_string(), owner, lease_ms).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// One guarded statement: of all who try at once, one finds the row as it must be.
    async fn take(&self, tx: &mut Tx, run: &str, owner: &str, lease_ms: i64) -> Result<Option<Claim>> {
        let lease_now = tx.lease_now(&*self.catalog.clock).await?;
        let now = self.catalog.clock.now();
        let row = first!(
            tx,
            ClaimRow,
            concat!(
                "update runs set state = 'running', starts = starts + 1, fence = fence + 1, lease_owner = $2, \
                 lease_until = $3, claimed_at = $5, next_at = null, progress = null, \
                 started_at = coalesce(started_at, $5) where id = $1 and starts < $6 and cancel_requested = 0 \
                 and ((state in ('queued', 'retrying') and next_at <= $5) or (state = 'running' and lease_until <= $4)) \
                 returning lease_owner, fence, published_at, ",
                run_columns!()
            ),
            run,
            storable(owner),
            lease_now.plus_ms(lease_ms).0,
            lease_now.0,
            now.0,
            MAX_STARTS,
        )?;
        let Some(row) = row else { return Ok(None) };
        let claim = Claim {
            run: row.run.try_into()?,
            owner: row.lease_owner,
            fence: row.fence,
            was_published: row.published_at.is_some(),
        };
        let message = format!("start {} of at most {MAX_STARTS}, by {owner}", claim.run.starts);
        append_event(tx, claim.run.tenant_id, claim.run.id, now, &message).await?;
        Ok(Some(claim))
    }

    /// Takes the due run of the organisation with the fewest runs at work; of several such, the one that waited
    /// longest for a turn.
    pub async fn claim_next(&self, owner: &str, lease_ms: i64) -> Result<Option<Claim>> {
        let mut tx = self.catalog.db.begin().await?;
        let next = first!(
            &mut tx,
            (String, String),
            dialect!(
                &tx,
                sqlite: concat!(next_due!(), " limit 1"),
                postgres: concat!(next_due!(), " limit 1 for update of r skip locked")
            ),
            self.catalog.clock.now().0,
            MAX_STARTS,
        )?;
        let Some((_, run)) = next else { return Ok(None) };
        let claim = self.take(&mut tx, &run, owner, lease_ms).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// Takes back runs whose lease has expired.
    pub async fn reclaim_expired(&self) -> Result<Reclaimed> {
        let mut tx = self.catalog.db.begin().await?;
        let lease_now = tx.lease_now(&*self.catalog.clock).await?;
        let orphans = all!(
            &mut tx,
            Orphan,
            dialect!(
                &tx,
                sqlite: expired!(),
                postgres: concat!(expired!(), " for update skip locked")
            ),
            lease_now.0,
            ORPHANS,
        )?;
        let mut reclaimed = Reclaimed::default();
        let mut deeds = Vec::new();
        for orphan in orphans {
            deeds.push(self.reclaim(&mut tx, &orphan, &mut reclaimed).await?);
        }
        // Several chains, so in their order: whoever else writes into them cannot hold one that we wait for.
        deeds.sort_by_key(|(tenant, _)| *tenant);
        for (tenant, deed) in deeds {
            self.audit(&mut tx, tenant, deed).await?;
        }
        tx.commit().await?;
        Ok(reclaimed)
    }

    /// Gives what is to be written down.
    async fn reclaim(
        &self,
        tx: &mut Tx,
        orphan: &Orphan,
        reclaimed: &mut Reclaimed,
    ) -> Result<(TenantId, Deed)> {
        let (tenant, run): (TenantId, RunId) = (id("runs", &orphan.tenant_id)?, id("runs", &orphan.id)?);
        let kind = word("runs", &orphan.kind, RunKind::find)?;
        let now = self.catalog.clock.now();
        // Rows of a live database are changed only after the run was marked for it, and it is not marked once somebody
        // asked it to stop: a run that was asked has changed nothing.
        let may_be_done =
            matches!(kind, RunKind::ApplyRestore | RunKind::UndoRestore) && orphan.published_at.is_some();
        let (state, message) = if orphan.cancel_requested == 1 && !may_be_done {
            reclaimed.cancelled.push(run);
            (RunState::Cancelled, "the worker was lost; cancelled as asked")
        } else if orphan.starts >= MAX_STARTS {
            reclaimed.failed.push(run);
            (RunState::Failed, "the worker was lost; no start is left")
        } else {
            reclaimed.queued.push(run);
            (RunState::Queued, "the worker was lost; queued again")
        };
        let error = RunError {
            kind: "worker_lost".into(),
            message: format!("The worker stopped answering during start {}.", orphan.starts),
            hint: Some(
                "Look at the worker's log: it was killed, lost the database, or ran out of memory.".into(),
            ),
            retry_may_help: true,
        };
        let error = if state == RunState::Failed && may_be_done { doubt(&error) } else { error };
        exec!(
            tx,
            "update runs set state = $4, lease_owner = null, lease_until = null, error = $5, \
             next_at = cast($6 as bigint), finished_at = cast($7 as bigint) where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'",
            orphan.tenant_id.as_str(),
            orphan.id.as_str(),
            orphan.fence,
            state.key(),
            to_json("runs", &error)?,
            (!state.is_finished()).then_some(now.0),
            state.is_finished().then_some(now.0),
        )?;
        append_event(tx, tenant, run, now, message).await?;
        if state.is_finished() {
            let error = (state == RunState::Failed).then_some(&error);
            run_ended(tx, &*self.catalog.clock, tenant, run, kind, error).await?;
        }
        if state == RunState::Failed {
            notify_failure(tx, &*self.catalog.clock, tenant, run, kind, &orphan.subject, &error).await?;
        }
        let deed = Deed::done(Act::RunReclaim, run)
            .before(Field::State, RunState::Running.key())
            .after(Field::State, state.key())
            .after(Field::Kind, kind.key())
            .after(Field::Count, orphan.starts);
        Ok((tenant, deed))
    }
}

/// A failed backup, verification or restore goes to the outbox, in the transaction that records the failure.
pub(super) async fn notify_failure(
    tx: &mut Tx,
    clock: &dyn Clock,
    tenant: TenantId,
    run: RunId,
    kind: RunKind,
    subject: &str,
    error: &RunError,
) -> Result<()> {
    let (kind, what) = match kind {
        RunKind::Backup => (NoticeKind::BackupFailed, "Backup"),
        RunKind::Verify => (NoticeKind::VerificationFailed, "Verification"),
        RunKind::Restore | RunKind::ApplyRestore | RunKind::UndoRestore => {
            (NoticeKind::RestoreFailed, kind.title())
        }
        // Whoever asked for one of these looks at its page.
        RunKind::PlanRestore | RunKind::Export | RunKind::InferMap | RunKind::Probe => return Ok(()),
    };
    let hint = error.hint.as_deref().unwrap_or_default();
    let notice = Notice {
        tenant,
        kind,
        dedupe_key: format!("run:{run}"),
        subject: format!("{what} of {subject} failed"),
        body: &format!("{}\n{hint}", error.message),
        path: format!("/runs/{run}"),
    };
    notice.queue(tx, clock).await.map(drop)
}
