//! What the runs of a tenant restore make of its request. A request and its run end in one transaction, whichever
//! way: a preview that nobody can look at, or rows that are said to be applied and are not, must not be.

use domain::{
    Clock, RestoreId, RunId, TenantId, Timestamp,
    audit::{Act, Chain, Deed, Field, Origin},
    backups::{RunError, RunKind, RunState},
    restores::{Difference, Figures, RequestState as S},
};

use super::{consent::Asked, lease::Lease};
use crate::{
    ApprovalVoid,
    audit::Actor,
    db::{Tx, dialect, exec, first},
    decode::{amount, id, to_json, word},
    error::{Error, Result},
    tenant::{RestoreStep, RunInput, wait_again},
    trail,
};

/// Kind of the error of a run that lacks its approval.
const REFUSED: &str = "refused";

/// Tables of a difference that are stored with one statement.
const AT_ONCE: usize = 500;

const _: () = assert!(
    S::Planning.may_become(S::Planned)
        && S::Planning.may_become(S::Failed)
        && S::Planning.may_become(S::Withdrawn)
        && S::Applying.may_become(S::Applied)
        && S::Applying.may_become(S::Failed)
        && S::Applying.may_become(S::AwaitingApproval)
        && S::Undoing.may_become(S::Undone)
        && S::Undoing.may_become(S::Applied)
);

impl Lease<'_> {
    fn restore_id(&self) -> Result<RestoreId> {
        match self.run().input {
            Some(RunInput::Request { restore_id }) => Ok(restore_id),
            _ => Err(Error::NotFound { what: "restore of this run" }),
        }
    }

    /// The difference is computed and its change set lies in the vault under `attempt`. A request that was
    /// withdrawn meanwhile stays so. Returns whether it can be looked at.
    pub async fn complete_plan(&self, difference: &Difference, attempt: u32) -> Result<bool> {
        let restore = self.restore_id()?;
        let now = self.catalog().clock.now();
        let mut tx = self.begin().await?;
        let planned = exec!(
            &mut tx,
            "update restore_requests set state = 'planned', attempt = $3, difference = $4, digest = $5, changes = $6, \
             is_applicable = $7, changed_at = $8, version = version + 1 \
             where tenant_id = $1 and id = $2 and state = 'planning'",
            self.tenant(),
            restore.to_string(),
            i64::from(attempt),
            to_json("restore_requests", &Figures::from(difference))?,
            difference.digest.as_str(),
            amount(difference.changes()),
            i64::from(difference.is_applicable()),
            now.0,
        )?;
        let message = if planned == 1 {
            self.store_tables(&mut tx, restore, difference).await?;
            self.took(&mut tx, restore, S::Planned, now).await?;
            format!("{} rows of {} tables would change", difference.changes(), difference.tables.len())
        } else {
            "computed, but the request was withdrawn meanwhile".to_owned()
        };
        self.finish(&mut tx, RunState::Completed, None, None, &message).await?;
        let deed = Deed::done(Act::TenantRestorePlanned, restore).after(Field::Rows, difference.changes());
        self.wrote(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(planned == 1)
    }

    async fn store_tables(&self, tx: &mut Tx, restore: RestoreId, difference: &Difference) -> Result<()> {
        for tables in difference.tables.chunks(AT_ONCE) {
            exec!(
                tx,
                dialect!(
                    tx,
                    sqlite: "insert into restore_tables (tenant_id, restore_id, table_name, is_unchanged, inserts, updates, \
                             deletes, unchanged) select $1, $2, value ->> 'table', \
                             case when (value ->> 'inserts') + (value ->> 'updates') + (value ->> 'deletes') = 0 then 1 else 0 end, \
                             value ->> 'inserts', value ->> 'updates', value ->> 'deletes', value ->> 'unchanged' from json_each($3)",
                    postgres: "insert into restore_tables (tenant_id, restore_id, table_name, is_unchanged, inserts, updates, \
                               deletes, unchanged) select $1, $2, r.\"table\", \
                               case when r.inserts + r.updates + r.deletes = 0 then 1 else 0 end, \
                               r.inserts, r.updates, r.deletes, r.unchanged from json_to_recordset(cast($3 as json)) \
                               as r(\"table\" text, inserts bigint, updates bigint, deletes bigint, unchanged bigint)"
                ),
                self.tenant(),
                restore.to_string(),
                to_json("restore_tables", &tables)?,
            )?;
        }
        Ok(())
    }

    /// The live rows are as in the backup; `summary` becomes the last line of the run's log.
    pub async fn complete_apply(&self, summary: &str) -> Result<()> {
        let restore = self.restore_id()?;
        let now = self.catalog().clock.now();
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "update restore_requests set state = 'applied', is_unsure = 0, applied_at = $3, changed_at = $3, version = version + 1 \
             where tenant_id = $1 and id = $2 and state = 'applying'",
            self.tenant(),
            restore.to_string(),
            now.0,
        )?;
        self.took(&mut tx, restore, S::Applied, now).await?;
        self.finish(&mut tx, RunState::Completed, None, None, summary).await?;
        self.wrote(&mut tx, Deed::done(Act::TenantRestoreApplied, restore).after(Field::Run, self.run().id))
            .await?;
        tx.commit().await
    }

    /// The live rows are as they were before.
    pub async fn complete_undo(&self, summary: &str) -> Result<()> {
        let restore = self.restore_id()?;
        let now = self.catalog().clock.now();
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "update restore_requests set state = 'undone', is_unsure = 0, undone_at = $3, changed_at = $3, version = version + 1 \
             where tenant_id = $1 and id = $2 and state = 'undoing'",
            self.tenant(),
            restore.to_string(),
            now.0,
        )?;
        self.took(&mut tx, restore, S::Undone, now).await?;
        self.finish(&mut tx, RunState::Completed, None, None, summary).await?;
        self.wrote(&mut tx, Deed::done(Act::TenantRestoreUndone, restore).after(Field::Run, self.run().id))
            .await?;
        tx.commit().await
    }

    /// Appends what the worker did to the organisation's trail.
    async fn wrote(&self, tx: &mut Tx, deed: Deed) -> Result<()> {
        let (clock, chain) = (&*self.catalog().clock, Chain::Tenant(self.run().tenant_id));
        let who = Actor::system("worker").who().clone();
        trail::append(tx, &deed.event(clock.uuid(), chain, clock.now(), who, Origin::here())).await.map(drop)
    }

    async fn took(&self, tx: &mut Tx, restore: RestoreId, state: S, at: Timestamp) -> Result<()> {
        let run = Some(self.run().id);
        RestoreStep { restore, at, state, by: "worker", comment: "", run }.append(tx, &self.tenant()).await
    }
}

/// Whether rows of a live database may have been changed by a run: it was about to make that permanent, and nobody has
/// looked since.
pub(crate) async fn may_be_done(tx: &mut Tx, tenant: &str, run: RunId) -> Result<bool> {
    let row = first!(
        tx,
        (String,),
        "select id from runs where tenant_id = $1 and id = $2 and published_at is not null \
         and kind in ('apply_restore', 'undo_restore')",
        tenant,
        run.to_string(),
    )?;
    Ok(row.is_some())
}

/// A failure after which nobody knows whether rows were changed, in words that say so first.
pub(super) fn doubt(error: &RunError) -> RunError {
    RunError {
        kind: "unsure".into(),
        message: format!("It is not known whether the live rows were changed. {}", error.message),
        hint: Some(
            "Look at the rows. What is needed to undo it is kept; an undo finds out, and changes nothing if it does not fit."
                .into(),
        ),
        retry_may_help: false,
    }
}

/// Lets the approval of what `run` applies wait anew. Whether there was one.
async fn waits_again(tx: &mut Tx, tenant: &str, run: RunId, now: Timestamp) -> Result<bool> {
    let row = first!(
        tx,
        (String,),
        "select id from restore_requests where tenant_id = $1 and apply_run_id = $2 and state = 'applying'",
        tenant,
        run.to_string(),
    )?;
    let Some((restore,)) = row else { return Ok(false) };
    wait_again(tx, tenant, &format!("restore:{restore}"), now.0).await
}

/// A run ended without a result: what it worked for goes back, or is over. Nothing happens for other kinds.
///
/// What may have been applied counts as applied, so that it can be undone, and what is needed for that is kept. What
/// lacks its approval waits for another one; unless there is nobody behind the request, or it is too old to be asked
/// about again.
pub(crate) async fn run_ended(
    tx: &mut Tx,
    clock: &dyn Clock,
    tenant: TenantId,
    run: RunId,
    kind: RunKind,
    error: Option<&RunError>,
) -> Result<()> {
    let now = clock.now();
    let is_unsure = may_be_done(tx, &tenant.to_string(), run).await?;
    let is_refused = error.is_some_and(|error| error.kind == REFUSED);
    let (from, to) = match kind {
        RunKind::PlanRestore if error.is_none() => (S::Planning, S::Withdrawn),
        RunKind::PlanRestore => (S::Planning, S::Failed),
        RunKind::ApplyRestore if is_unsure => (S::Applying, S::Applied),
        RunKind::ApplyRestore if is_refused => {
            let asked = Asked::Start { digest: None };
            match asked.of(tx, (&tenant.to_string(), now.0), run).await? {
                Some(ApprovalVoid::TooOld | ApprovalVoid::Requester) => (S::Applying, S::Failed),
                _ if waits_again(tx, &tenant.to_string(), run, now).await? => {
                    (S::Applying, S::AwaitingApproval)
                }
                _ => (S::Applying, S::Failed),
            }
        }
        RunKind::ApplyRestore => (S::Applying, S::Failed),
        RunKind::UndoRestore => (S::Undoing, S::Applied),
        _ => return Ok(()),
    };
    let row = first!(
        tx,
        (String, String),
        "update restore_requests set state = $4, changed_at = $5, version = version + 1, \
         is_unsure = case when $6 = 1 then 1 else is_unsure end, \
         applied_at = case when $4 = 'applied' then coalesce(applied_at, $5) else applied_at end, \
         approved_by_id = case when $4 = 'awaiting_approval' then null else approved_by_id end, \
         approved_at = case when $4 = 'awaiting_approval' then null else approved_at end, \
         approved_until = case when $4 = 'awaiting_approval' then null else approved_until end \
         where tenant_id = $1 and state = $3 and $2 = case state when 'planning' then plan_run_id \
         when 'applying' then apply_run_id else undo_run_id end returning id, state",
        tenant.to_string(),
        run.to_string(),
        from.key(),
        to.key(),
        now.0,
        i64::from(is_unsure),
    )?;
    let Some((restore, state)) = row else { return Ok(()) };
    let comment = error.map_or("Cancelled.", |error| error.message.as_str());
    let restore = id("restore_requests", &restore)?;
    let state = word("restore_requests", &state, S::find)?;
    RestoreStep { restore, at: now, state, by: "worker", comment, run: Some(run) }
        .append(tx, &tenant.to_string())
        .await
}
