//! Runs as people see them: listed, followed, cancelled.

use domain::{
    BackupId, ConnectionId, Cursor, Page, RestoreId, RunId, SourceId, TenantId, Timestamp,
    audit::{Act, Deed, Field},
    backups::{Progress, RunError, RunKind, RunState},
    restores::RestoreToNew,
    tenancy::TenantKey,
};

use super::run_input::{RunInput, RunOutput};
use super::run_row::{RunRow, append_event, run_columns};
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, all, first},
    decode::{After, page, page_size, word},
    error::{Error, Result},
    system::run_ended,
};

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub id: RunId,
    /// Whose.
    pub tenant_id: TenantId,
    /// What it does.
    pub kind: RunKind,
    /// Of which source; none for a probe.
    pub source_id: Option<SourceId>,
    /// The server it reads (backup, probe) or writes (restore); none for a verification.
    pub connection_id: Option<ConnectionId>,
    /// The backup it makes (allotted when the run is created, so that a retry adopts it) or works on.
    pub backup_id: Option<BackupId>,
    /// What it works on, in words: the database, or the server.
    pub subject: String,
    /// What it is doing.
    pub state: RunState,
    /// Starts so far, those that ended by the worker's death included. The attempt number of object keys.
    pub starts: i64,
    /// Who asked: a person's name, `schedule`, `command line`.
    pub requested_by: String,
    /// A person's label.
    pub label: Option<String>,
    /// The slot of the schedule that asked for it.
    pub slot: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it first started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it will be tried (again); none while it runs or is finished.
    pub next_at: Option<Timestamp>,
    /// Where it stands.
    pub progress: Option<Progress>,
    /// Why it failed, or why the last start did.
    pub error: Option<RunError>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
    /// The one tenant it works for; none if it works for the whole source.
    pub tenant: Option<TenantKey>,
    /// What it is given beside.
    pub input: Option<RunInput>,
    /// What it left.
    pub output: Option<RunOutput>,
}

impl Run {
    /// What a restore into a new database is asked to do.
    pub const fn restore(&self) -> Option<&RestoreToNew> {
        match &self.input {
            Some(RunInput::Restore(restore)) => Some(restore),
            _ => None,
        }
    }
    /// The request of a tenant restore that it works on.
    pub const fn restore_id(&self) -> Option<RestoreId> {
        match &self.input {
            Some(RunInput::Request { restore_id }) => Some(*restore_id),
            _ => None,
        }
    }
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEvent {
    /// Position in the log, counting up from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, in words.
    pub message: String,
}

/// Which runs to list, newest first; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Of one source.
    pub source: Option<SourceId>,
    /// Of one connection.
    pub connection: Option<ConnectionId>,
    /// Of one backup.
    pub backup: Option<BackupId>,
    /// Of one kind.
    pub kind: Option<RunKind>,
    /// For one tenant.
    pub tenant: Option<TenantKey>,
    /// In one state.
    pub state: Option<RunState>,
    /// Queued, running or retrying only.
    pub active: bool,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// Asks a run to stop: its state from now on and its kind, or nothing if it cannot be stopped any more. What hangs on the
/// end of one that is cancelled at once is the caller's.
pub(crate) async fn ask_to_stop(
    tx: &mut Tx,
    tenant: TenantId,
    run: RunId,
    now: Timestamp,
) -> Result<Option<(RunState, RunKind)>> {
    let row = first!(
        tx,
        (String, String),
        "update runs set cancel_requested = 1, \
         state = case when state = 'running' then state else 'cancelled' end, \
         finished_at = case when state = 'running' then null else cast($3 as bigint) end, next_at = null \
         where tenant_id = $1 and id = $2 and state in ('queued', 'retrying', 'running') \
         and (published_at is null or kind not in ('apply_restore', 'undo_restore')) returning state, kind",
        tenant.to_string(),
        run.to_string(),
        now.0,
    )?;
    let read = |(state, kind): (String, String)| {
        Ok((word("runs", &state, RunState::find)?, word("runs", &kind, RunKind::find)?))
    };
    row.map(read).transpose()
}

impl TenantCatalog<'_> {
    /// Asks a run to stop. One that waits is cancelled at once; one at work learns it when it renews its lease.
    /// Returns the state it is in now. [`Conflict::TooLate`] once rows of a live database may be changed for good: who
    /// called that cancelled would say what nobody knows.
    pub async fn request_cancel(&self, id: RunId) -> Result<RunState> {
        let mut tx = self.begin().await?;
        let Some((state, kind)) = ask_to_stop(&mut tx, self.tenant, id, Timestamp(self.now())).await? else {
            drop(tx);
            let is_over = self.get_run(id).await?.state.is_finished();
            return Err(if is_over { Conflict::RunFinished } else { Conflict::TooLate }.into());
        };
        append_event(
            &mut tx,
            self.tenant,
            id,
            Timestamp(self.now()),
            &format!("{} asked it to stop", self.actor.name()),
        )
        .await?;
        if state == RunState::Cancelled {
            run_ended(&mut tx, &*self.catalog.clock, self.tenant, id, kind, None).await?;
        }
        let deed =
            Deed::done(Act::RunCancel, id).after(Field::Kind, kind.key()).after(Field::State, state.key());
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(state)
    }

    /// Runs, newest first.
    pub async fn list_runs(&self, query: &RunQuery) -> Result<Page<Run>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            RunRow,
            concat!(
                "select ",
                run_columns!(),
                " from runs where tenant_id = $1 \
                 and (cast($2 as text) is null or source_id = $2) \
                 and (cast($3 as text) is null or (connection_id = $3 and kind = 'probe')) \
                 and (cast($4 as text) is null or backup_id = $4 or makes_backup_id = $4) \
                 and (cast($5 as text) is null or kind = $5) \
                 and (cast($6 as text) is null or state = $6) \
                 and ($7 = 0 or state in ('queued', 'running', 'retrying')) \
                 and (cast($8 as bigint) is null or created_at < $8 or (created_at = $8 and id < $9)) \
                 and (cast($10 as text) is null or tenant_key = $10) \
                 order by created_at desc, id desc limit $11"
            ),
            self.key(),
            query.source.map(|id| id.to_string()),
            query.connection.map(|id| id.to_string()),
            query.backup.map(|id| id.to_string()),
            query.kind.map(RunKind::key),
            query.state.map(RunState::key),
            i64::from(query.active),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            query.tenant.as_ref().map(|key| key.as_str().to_owned()),
            i64::from(limit) + 1,
        )?;
        let runs = rows.into_iter().map(Run::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(runs, limit, |run| (run.created_at.0.to_string(), run.id.to_string())))
    }

    /// One run.
    pub async fn get_run(&self, id: RunId) -> Result<Run> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            RunRow,
            concat!("select ", run_columns!(), " from runs where tenant_id = $1 and id = $2"),
            self.key(),
            id.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "run" })?.try_into()
    }

    /// Log lines of a run later than `after` (0 for all), oldest first, 1000 at most.
    pub async fn run_events(&self, id: RunId, after: i64) -> Result<Vec<RunEvent>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (i64, i64, String),
            "select seq, at, message from run_events where tenant_id = $1 and run_id = $2 and seq > $3 \
             order by seq limit 1000",
            self.key(),
            id.to_string(),
            after,
        )?;
        Ok(rows.into_iter().map(|(seq, at, message)| RunEvent { seq, at: Timestamp(at), message }).collect())
    }
}
