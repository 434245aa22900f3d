//! The steps of a tenant restore that people take.
//!
//! Each is one guarded statement: it names the state from which it may be taken and the digest of the difference
//! that was looked at, so that of all who try at once one finds the row as it must be, and nobody agrees to what
//! they have not seen. The database refuses by itself what must never be: an approval by who asked for it.

use domain::{
    BackupId, ConnectionId, RestoreId, RunId, SourceId, Timestamp,
    approvals::{Change, State, Verdict},
    audit::{Act, Deed, Field, Hash},
    backups::RunKind,
    restores::{RequestState as S, TenantRestore},
};

use super::{
    approvals::{Held as Request, NewRequest},
    new_run::NewRun,
    run_input::RunInput,
};
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, dialect, exec, first},
    decode::{id, storable, tenant_key, to_json, word},
    error::{Error, Result},
};

/// How long what was applied can be undone, in milliseconds: 30 days. Then its change set, which holds rows of the
/// tenant, is removed.
pub const UNDO_MS: i64 = 30 * 24 * 3_600_000;

const TABLE: &str = "restore_requests";

// Every step below is one that the states allow.
const _: () = assert!(
    S::Planned.may_become(S::AwaitingApproval)
        && S::AwaitingApproval.may_become(S::Approved)
        && S::AwaitingApproval.may_become(S::Rejected)
        && S::Approved.may_become(S::Applying)
        && S::Applied.may_become(S::Undoing)
        && S::Planning.may_become(S::Withdrawn)
        && S::Planned.may_become(S::Withdrawn)
        && S::AwaitingApproval.may_become(S::Withdrawn)
        && S::Approved.may_become(S::Withdrawn)
);

/// What a step needs to know of a request. Its row is held until the transaction ends.
#[derive(sqlx::FromRow)]
struct Held {
    source_id: String,
    backup_id: String,
    tenant_key: String,
    state: String,
    digest: Option<String>,
    is_applicable: i64,
    made_by_id: String,
    applied_at: Option<i64>,
}

/// What an approval of a restore is about.
fn subject(restore: RestoreId) -> String {
    format!("restore:{restore}")
}

/// A deed with the digest of the difference.
fn of_difference(deed: Deed, digest: &str) -> Deed {
    match digest.parse::<Hash>() {
        Ok(hash) => deed.after(Field::Digest, hash),
        Err(_) => deed,
    }
}

impl TenantCatalog<'_> {
    /// Makes a request and queues the run that computes its difference. [`Conflict::Expired`] if the backup is
    /// gone, [`Conflict::AlreadyRunning`] if a difference of the same tenant is being computed.
    pub async fn plan_restore(&self, wish: &TenantRestore) -> Result<(RestoreId, RunId)> {
        let mut tx = self.begin().await?;
        let mut subject = String::new();
        let source = self.kept_rows(&mut tx, wish.backup_id, &mut subject).await?;
        let (_, connection) = self.database_of_run(&mut tx, source).await?;
        let restore = RestoreId::new(self.catalog.clock.uuid());
        let mut run = NewRun::of(self.tenant, RunKind::PlanRestore, &subject, self.actor.name());
        (run.source, run.connection, run.backup) = (Some(source), Some(connection), Some(wish.backup_id));
        run.tenant_key = Some(&wish.tenant);
        run.input = Some(RunInput::Request { restore_id: restore });
        let run = run.insert(&mut tx, &*self.catalog.clock).await?.ok_or(Conflict::AlreadyRunning)?;
        exec!(
            &mut tx,
            "insert into restore_requests (tenant_id, id, source_id, backup_id, tenant_key, selection, selection_summary, state, \
             version, is_applicable, made_by_id, made_by, created_at, changed_at, plan_run_id) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $10, $11, $11, $12)",
            self.key(),
            restore.to_string(),
            source.to_string(),
            wish.backup_id.to_string(),
            wish.tenant.as_str(),
            to_json(TABLE, &wish.selection)?,
            to_json(TABLE, &wish.selection.summary())?,
            S::Planning.key(),
            self.actor.key(),
            storable(self.actor.name()),
            self.now(),
            run.to_string(),
        )?;
        self.took(&mut tx, restore, S::Planning, "", Some(run)).await?;
        let deed = Deed::done(Act::TenantRestorePlan, restore)
            .after(Field::Tenant, &wish.tenant)
            .after(Field::Backup, wish.backup_id)
            .after(Field::Run, run);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok((restore, run))
    }

    /// Asks for approval of the difference that `digest` names. Where the rules let one person do it, it is approved by
    /// that.
    pub async fn request_restore(&self, restore: RestoreId, digest: &str, comment: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let held = self.hold(&mut tx, restore, S::Planned, digest).await?;
        let change = Change::RestoreLive { restore_id: restore, difference: digest.to_owned() };
        let shown = self.show(&mut tx, &change).await?;
        let actor = self.actor.key();
        let rule = self.rule_now(&mut tx, change.class(), &[&held.made_by_id, &actor]).await?;
        exec!(
            &mut tx,
            "update restore_requests set state = 'awaiting_approval', asked_by_id = $3, asked_at = $4, changed_at = $4, \
             version = version + 1 where tenant_id = $1 and id = $2 and state = 'planned'",
            self.key(),
            restore.to_string(),
            actor.as_str(),
            self.now(),
        )?;
        self.took(&mut tx, restore, S::AwaitingApproval, comment, None).await?;
        let maker = Some(held.made_by_id.as_str());
        let new = NewRequest { change: &change, shown: &shown, rule, maker, reason: comment };
        let (request, asked) = self.insert_request(&mut tx, new).await?;
        if rule.approvals == 0 {
            self.told_alone(&mut tx, &change, &shown).await?;
            let held = Request::find(&mut tx, &self.key(), request).await?;
            self.turn_restore(&mut tx, &held, restore, State::Approved, "").await?;
        }
        self.audit(&mut tx, asked).await?;
        let deed = Deed::done(Act::TenantRestoreRequest, restore).approved(request.uuid());
        self.audit(&mut tx, of_difference(deed, digest)).await?;
        tx.commit().await
    }

    /// Agrees to it, for a day and for one application. [`Conflict::SecondPerson`] if the actor made it or asked,
    /// [`Conflict::NotIndependent`] if who did is behind the actor's account or the other way round.
    pub async fn approve_restore(&self, restore: RestoreId, digest: &str, comment: &str) -> Result<()> {
        self.decide_restore(restore, Verdict::Agree, digest, comment).await
    }

    /// Refuses it, likewise as a second person.
    pub async fn reject_restore(&self, restore: RestoreId, digest: &str, comment: &str) -> Result<()> {
        self.decide_restore(restore, Verdict::Refuse, digest, comment).await
    }

    async fn decide_restore(
        &self,
        restore: RestoreId,
        verdict: Verdict,
        digest: &str,
        comment: &str,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let request = self.request_about(&mut tx, restore).await?;
        self.hold(&mut tx, restore, S::AwaitingApproval, digest).await?;
        let request = request.ok_or(Conflict::Stale)?;
        let (_, deed) = self.vote(&mut tx, &request, verdict, &request.digest, comment).await?;
        let act = match verdict {
            Verdict::Agree => Act::TenantRestoreApprove,
            Verdict::Refuse | Verdict::Comment => Act::TenantRestoreReject,
        };
        let of_restore = Deed::done(act, restore).approved(request.id()?.uuid());
        self.audit(&mut tx, deed).await?;
        self.audit(&mut tx, of_difference(of_restore, digest)).await?;
        tx.commit().await
    }

    /// The request for approval of a restore. Held before the restore itself, as everybody does who holds both.
    async fn request_about(&self, tx: &mut Tx, restore: RestoreId) -> Result<Option<Request>> {
        Request::about(tx, &self.key(), &subject(restore)).await
    }

    /// Takes it back, as long as nothing was applied. Returns the run that computes its difference, if it still
    /// does.
    pub async fn withdraw_restore(&self, restore: RestoreId) -> Result<Option<RunId>> {
        let plan = self.get_restore(restore).await?.plan_run;
        let mut tx = self.begin().await?;
        self.request_about(&mut tx, restore).await?;
        let held = self.held(&mut tx, restore).await?;
        let state = word(TABLE, &held.state, S::find)?;
        if !state.may_become(S::Withdrawn) {
            return Err(Conflict::Stale.into());
        }
        self.settle(&mut tx, restore, S::Withdrawn, "").await?;
        self.close_about(&mut tx, &subject(restore)).await?;
        self.audit(&mut tx, Deed::done(Act::TenantRestoreWithdraw, restore)).await?;
        tx.commit().await?;
        Ok((state == S::Planning).then_some(plan))
    }

    /// Queues the run that applies exactly what was approved; once. [`Conflict::ApprovalExpired`] if the approval
    /// is too old, which ends the request; [`Conflict::ApprovalVoid`] if who agreed may not any more, and it waits anew; [`Conflict::AlreadyRunning`] if something else is being applied to the
    /// source.
    pub async fn apply_restore(&self, restore: RestoreId, digest: &str) -> Result<RunId> {
        let mut tx = self.begin().await?;
        let request = self.request_about(&mut tx, restore).await?;
        let held = self.hold(&mut tx, restore, S::Approved, digest).await?;
        let request = request.ok_or(Conflict::Stale)?;
        if let Err(error) = self.spend(&mut tx, &request).await {
            drop(tx);
            return Err(self.after_refusal(request.id()?, error).await?);
        }
        let run = self.queue_step(&mut tx, restore, &held, RunKind::ApplyRestore).await?;
        exec!(
            &mut tx,
            "update restore_requests set state = 'applying', apply_run_id = $3, changed_at = $4, version = version + 1 \
             where tenant_id = $1 and id = $2 and state = 'approved'",
            self.key(),
            restore.to_string(),
            run.to_string(),
            self.now(),
        )?;
        self.took(&mut tx, restore, S::Applying, "", Some(run)).await?;
        let deed = Deed::done(Act::TenantRestoreApply, restore)
            .after(Field::Run, run)
            .approved(request.id()?.uuid());
        self.audit(&mut tx, of_difference(deed, digest)).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Queues the run that brings the rows back to what they were before. [`Conflict::Expired`] if that is too long ago.
    pub async fn undo_restore(&self, restore: RestoreId, digest: &str) -> Result<RunId> {
        let mut tx = self.begin().await?;
        let held = self.hold(&mut tx, restore, S::Applied, digest).await?;
        if held.applied_at.is_none_or(|at| at + UNDO_MS <= self.now()) {
            return Err(Conflict::Expired.into());
        }
        let run = self.queue_step(&mut tx, restore, &held, RunKind::UndoRestore).await?;
        exec!(
            &mut tx,
            "update restore_requests set state = 'undoing', undo_run_id = $3, changed_at = $4, version = version + 1 \
             where tenant_id = $1 and id = $2 and state = 'applied'",
            self.key(),
            restore.to_string(),
            run.to_string(),
            self.now(),
        )?;
        self.took(&mut tx, restore, S::Undoing, "", Some(run)).await?;
        let deed = Deed::done(Act::TenantRestoreUndo, restore).after(Field::Run, run);
        self.audit(&mut tx, of_difference(deed, digest)).await?;
        tx.commit().await?;
        Ok(run)
    }

    async fn held(&self, tx: &mut Tx, restore: RestoreId) -> Result<Held> {
        let row = first!(
            tx,
            Held,
            dialect!(
                tx,
                sqlite: "select source_id, backup_id, tenant_key, state, digest, is_applicable, made_by_id, \
                         applied_at from restore_requests where tenant_id = $1 and id = $2",
                postgres: "select source_id, backup_id, tenant_key, state, digest, is_applicable, made_by_id, \
                           applied_at from restore_requests where tenant_id = $1 and id = $2 for update"
            ),
            self.key(),
            restore.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "restore" })
    }

    /// The request, held, if it is in this state, can be applied and has this difference.
    async fn hold(&self, tx: &mut Tx, restore: RestoreId, state: S, digest: &str) -> Result<Held> {
        let held = self.held(tx, restore).await?;
        if held.state != state.key() {
            return Err(Conflict::Stale.into());
        }
        if held.digest.as_deref() != Some(digest) {
            return Err(Conflict::DifferenceChanged.into());
        }
        if held.is_applicable == 0 {
            return Err(Conflict::NotApplicable.into());
        }
        Ok(held)
    }

    async fn settle(&self, tx: &mut Tx, restore: RestoreId, state: S, comment: &str) -> Result<()> {
        exec!(
            tx,
            "update restore_requests set state = $3, changed_at = $4, version = version + 1 \
             where tenant_id = $1 and id = $2",
            self.key(),
            restore.to_string(),
            state.key(),
            self.now(),
        )?;
        self.took(tx, restore, state, comment, None).await
    }

    async fn queue_step(&self, tx: &mut Tx, restore: RestoreId, held: &Held, kind: RunKind) -> Result<RunId> {
        let source: SourceId = id(TABLE, &held.source_id)?;
        let backup: BackupId = id(TABLE, &held.backup_id)?;
        let (database, connection): (String, ConnectionId) = self.database_of_run(tx, source).await?;
        let tenant = tenant_key(TABLE, held.tenant_key.clone())?;
        let mut run = NewRun::of(self.tenant, kind, &database, self.actor.name());
        (run.source, run.connection, run.backup) = (Some(source), Some(connection), Some(backup));
        run.tenant_key = Some(&tenant);
        run.input = Some(RunInput::Request { restore_id: restore });
        run.insert(tx, &*self.catalog.clock).await?.ok_or_else(|| Conflict::AlreadyRunning.into())
    }

    pub(super) async fn took(
        &self,
        tx: &mut Tx,
        restore: RestoreId,
        state: S,
        comment: &str,
        run: Option<RunId>,
    ) -> Result<()> {
        let step =
            RestoreStep { restore, at: Timestamp(self.now()), state, by: self.actor.name(), comment, run };
        step.append(tx, &self.key()).await
    }
}

/// A step to be remembered. The caller holds the request's row, so that no two steps get one number.
pub(crate) struct RestoreStep<'a> {
    pub restore: RestoreId,
    pub at: Timestamp,
    pub state: S,
    pub by: &'a str,
    pub comment: &'a str,
    pub run: Option<RunId>,
}

impl RestoreStep<'_> {
    pub(crate) async fn append(&self, tx: &mut Tx, tenant: &str) -> Result<()> {
        let comment = self.comment.trim();
        exec!(
            tx,
            "insert into restore_events (tenant_id, restore_id, seq, at, state, actor, comment, run_id) \
             select $1, $2, coalesce(max(seq), 0) + 1, cast($3 as bigint), cast($4 as text), cast($5 as text), \
             cast($6 as text), cast($7 as text) from restore_events where tenant_id = $1 and restore_id = $2",
            tenant,
            self.restore.to_string(),
            self.at.0,
            self.state.key(),
            storable(self.by),
            (!comment.is_empty()).then(|| storable(comment)),
            self.run.map(|run| run.to_string()),
        )
        .map(drop)
    }
}
