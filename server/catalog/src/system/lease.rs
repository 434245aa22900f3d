//! What the holder of a run may write. Every statement repeats owner and fence, so that a worker that was
//! believed dead can neither overwrite nor publish.

use domain::{
    ConnectionId, Timestamp,
    audit::{Act, Deed, Field},
    backups::{Progress, RunError, RunState},
};

use super::{
    claim::notify_failure,
    consent::Asked,
    credential::{self, Credential},
    requests::{doubt, may_be_done, run_ended},
};
use crate::{
    Catalog, Claim, Conflict, Run,
    audit::Actor,
    db::{Scope, Tx, exec, first},
    decode::to_json,
    error::Result,
    tenant::append_event,
};

/// A held run.
#[derive(Debug)]
pub struct Lease<'c> {
    catalog: &'c Catalog,
    claim: &'c Claim,
}

/// What renewing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// Still ours.
    Held {
        /// Whether somebody asked the run to stop.
        cancel_requested: bool,
    },
    /// Somebody else's by now: stop, write nothing more.
    Lost,
}

/// Every method but [`Lease::renew`] and [`Lease::credential`] fails with [`crate::Conflict::Stale`] and changes
/// nothing if the lease was lost.
impl<'c> Lease<'c> {
    pub(crate) const fn new(catalog: &'c Catalog, claim: &'c Claim) -> Self {
        Self { catalog, claim }
    }

    pub(super) const fn run(&self) -> &'c Run {
        self.claim.run()
    }
    pub(super) const fn catalog(&self) -> &'c Catalog {
        self.catalog
    }
    pub(super) fn tenant(&self) -> String {
        self.run().tenant_id.to_string()
    }
    /// A run is of one organisation, and so is everything that its holder reads and writes.
    pub(super) const fn scope(&self) -> Scope {
        Scope::Tenant(self.run().tenant_id)
    }

    /// Begins a transaction in which the run's row is held, if it is still ours.
    pub(super) async fn begin(&self) -> Result<Tx> {
        let mut tx = self.catalog.db.begin_in(self.scope()).await?;
        let ours = exec!(
            &mut tx,
            "update runs set fence = fence where tenant_id = $1 and id = $2 and lease_owner = $3 and fence = $4 \
             and state = 'running'",
            self.tenant(),
            self.run().id.to_string(),
            self.claim.owner(),
            self.claim.fence(),
        )?;
        if ours == 0 { Err(Conflict::Stale.into()) } else { Ok(tx) }
    }

    /// Ends the run, with a line in its log.
    pub(super) async fn finish(
        &self,
        tx: &mut Tx,
        state: RunState,
        error: Option<&RunError>,
        next_at: Option<Timestamp>,
        message: &str,
    ) -> Result<()> {
        let now = self.catalog.clock.now();
        let changed = exec!(
            tx,
            "update runs set state = $5, lease_owner = null, lease_until = null, error = cast($6 as text), \
             next_at = cast($7 as bigint), finished_at = cast($8 as bigint) \
             where tenant_id = $1 and id = $2 and lease_owner = $3 and fence = $4 and state = 'running'",
            self.tenant(),
            self.run().id.to_string(),
            self.claim.owner(),
            self.claim.fence(),
            state.key(),
            error.map(|error| to_json("runs", error)).transpose()?,
            next_at.map(|at| at.0),
            state.is_finished().then_some(now.0),
        )?;
        if changed == 0 {
            return Err(Conflict::Stale.into());
        }
        if matches!(state, RunState::Failed | RunState::Cancelled) {
            let (run, error) = (self.run(), error.filter(|_| state == RunState::Failed));
            run_ended(tx, &*self.catalog.clock, run.tenant_id, run.id, run.kind, error).await?;
        }
        append_event(tx, self.run().tenant_id, self.run().id, now, message).await
    }

    /// Writes into the audit trail of the run's organisation what the worker did, in the same transaction and as its last
    /// statement.
    pub(super) async fn audit(&self, tx: &mut Tx, deed: Deed) -> Result<()> {
        self.catalog.audit_in(tx, self.run().tenant_id, &Actor::system("worker"), deed).await
    }

    /// Writes down that the run was stopped as somebody asked.
    async fn stopped(&self, tx: &mut Tx) -> Result<()> {
        let run = self.run();
        self.audit(tx, Deed::done(Act::RunCancelled, run.id).after(Field::Kind, run.kind.key())).await
    }

    /// Holds the run for `lease_ms` more, from now.
    pub async fn renew(&self, lease_ms: i64) -> Result<Renewed> {
        let mut tx = self.catalog.db.begin_in(self.scope()).await?;
        let now = tx.lease_now(&*self.catalog.clock).await?;
        let row = first!(
            &mut tx,
            (i64,),
            "update runs set lease_until = $5 where tenant_id = $1 and id = $2 and lease_owner = $3 and fence = $4 \
             and state = 'running' returning cancel_requested",
            self.tenant(),
            self.run().id.to_string(),
            self.claim.owner(),
            self.claim.fence(),
            now.plus_ms(lease_ms).0,
        )?;
        tx.commit().await?;
        Ok(row.map_or(Renewed::Lost, |(asked,)| Renewed::Held { cancel_requested: asked == 1 }))
    }

    /// Says where the run stands.
    pub async fn progress(&self, progress: &Progress) -> Result<()> {
        let mut tx = self.catalog.db.begin_in(self.scope()).await?;
        let changed = exec!(
            &mut tx,
            "update runs set progress = $5 where tenant_id = $1 and id = $2 and lease_owner = $3 and fence = $4 \
             and state = 'running'",
            self.tenant(),
            self.run().id.to_string(),
            self.claim.owner(),
            self.claim.fence(),
            to_json("runs", progress)?,
        )?;
        if changed == 0 {
            return Err(Conflict::Stale.into());
        }
        tx.commit().await
    }

    /// Appends a line to the run's log.
    pub async fn log(&self, message: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        append_event(&mut tx, self.run().tenant_id, self.run().id, self.catalog.clock.now(), message).await?;
        tx.commit().await
    }

    /// To be asked directly before a manifest is published, or rows of a live database are changed for good: the lease
    /// must not only be ours but still run, or somebody else may be at the same work already.
    ///
    /// For the latter it is where stopping ends: who asked before is heard ([`Conflict::StopRequested`]), who asks
    /// later is told that it is too late, and until somebody has looked nothing else is said about the run.
    pub async fn publish_check(&self) -> Result<()> {
        let mut tx = self.catalog.db.begin_in(self.scope()).await?;
        let now = tx.lease_now(&*self.catalog.clock).await?;
        let changed = exec!(
            &mut tx,
            "update runs set published_at = $5 where tenant_id = $1 and id = $2 and lease_owner = $3 and fence = $4 \
             and state = 'running' and lease_until > $5 \
             and (cancel_requested = 0 or kind not in ('apply_restore', 'undo_restore'))",
            self.tenant(),
            self.run().id.to_string(),
            self.claim.owner(),
            self.claim.fence(),
            now.0,
        )?;
        if changed == 0 {
            drop(tx);
            let mut tx = self.begin().await?;
            let is_asked = self.is_to_stop(&mut tx).await? && self.claim.changes_live();
            return Err(if is_asked { Conflict::StopRequested } else { Conflict::Stale }.into());
        }
        self.consent(&mut tx, Asked::Commit).await?;
        tx.commit().await
    }

    /// Somebody has looked: no start of this run has changed rows of the live database, and none can any more but this
    /// one. It can be stopped again; and it needs the approval as if it began now.
    pub async fn is_not_done(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "update runs set published_at = null where tenant_id = $1 and id = $2",
            self.tenant(),
            self.run().id.to_string(),
        )?;
        tx.commit().await?;
        self.check_approval(None).await
    }

    /// The stored password of a connection of the same organisation, if one is stored that is bound to the
    /// connection's present host, port and user.
    pub async fn credential(&self, connection: ConnectionId) -> Result<Option<Credential>> {
        let mut reader = self.catalog.db.read_in(self.scope()).await?;
        credential::read(&mut reader, &self.tenant(), &connection.to_string()).await
    }

    /// Gives up. Puts a notice into the outbox for all but a probe.
    pub async fn fail(&self, error: &RunError) -> Result<()> {
        let mut tx = self.begin().await?;
        self.give_up(&mut tx, error).await?;
        tx.commit().await
    }

    async fn give_up(&self, tx: &mut Tx, error: &RunError) -> Result<()> {
        let run = self.run();
        let doubtful = may_be_done(tx, &self.tenant(), run.id).await?.then(|| doubt(error));
        let error = doubtful.as_ref().unwrap_or(error);
        self.finish(tx, RunState::Failed, Some(error), None, &format!("failed: {}", error.message)).await?;
        notify_failure(tx, &*self.catalog.clock, run.tenant_id, run.id, run.kind, &run.subject, error)
            .await?;
        // Its kind only: the message repeats what a server said, and stays with the run.
        let deed = Deed::failed(Act::RunFail, run.id, "error")
            .after(Field::Reason, error)
            .after(Field::Kind, run.kind.key())
            .after(Field::Count, run.starts)
            .maybe(Field::Source, run.source_id)
            .maybe(Field::Backup, run.backup_id);
        self.audit(tx, deed).await
    }

    /// To be tried again at `next_at`; gives up instead if the starts are used up, and stops if somebody asked
    /// for that. Returns whether it will be tried again.
    pub async fn retry(&self, error: &RunError, next_at: Timestamp) -> Result<bool> {
        let mut tx = self.begin().await?;
        let again = if self.is_to_stop(&mut tx).await? {
            self.finish(&mut tx, RunState::Cancelled, Some(error), None, "cancelled as asked").await?;
            self.stopped(&mut tx).await?;
            false
        } else if self.run().starts >= domain::backups::MAX_STARTS {
            self.give_up(&mut tx, error).await?;
            false
        } else {
            let message = format!("failed, to be tried again: {}", error.message);
            self.finish(&mut tx, RunState::Retrying, Some(error), Some(next_at), &message).await?;
            true
        };
        tx.commit().await?;
        Ok(again)
    }

    /// Whether somebody asked the run to stop since its lease was last renewed.
    async fn is_to_stop(&self, tx: &mut Tx) -> Result<bool> {
        let asked = first!(
            tx,
            (i64,),
            "select cancel_requested from runs where tenant_id = $1 and id = $2",
            self.tenant(),
            self.run().id.to_string(),
        )?;
        Ok(asked.is_some_and(|(asked,)| asked == 1))
    }

    /// Gives the run back untouched because this worker shuts down; the start does not count. Stops it if somebody
    /// asked for that: nobody would take it again, and nothing else of its source could start.
    pub async fn release(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        if self.is_to_stop(&mut tx).await? {
            self.finish(&mut tx, RunState::Cancelled, None, None, "cancelled as asked").await?;
            self.stopped(&mut tx).await?;
            return tx.commit().await;
        }
        exec!(
            &mut tx,
            "update runs set starts = starts - 1 where tenant_id = $1 and id = $2",
            self.tenant(),
            self.run().id.to_string(),
        )?;
        let now = self.catalog.clock.now();
        self.finish(&mut tx, RunState::Queued, None, Some(now), "given back: the worker shuts down").await?;
        tx.commit().await
    }

    /// Stopped as asked.
    pub async fn cancelled(&self) -> Result<()> {
        let mut tx = self.catalog.db.begin_in(self.scope()).await?;
        self.finish(&mut tx, RunState::Cancelled, None, None, "cancelled as asked").await?;
        self.stopped(&mut tx).await?;
        tx.commit().await
    }
}
