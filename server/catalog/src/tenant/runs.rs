//! Runs as people see them: asked for, listed, cancelled.

use domain::{
    BackupId, ConnectionId, Cursor, Page, RunId, SourceId, TenantId, Timestamp,
    backups::{Progress, Retention, RunError, RunKind, RunState},
    restores::RestoreToNew,
};

use super::{
    new_run::NewRun,
    run_row::{RunRow, append_event, run_columns},
};
use crate::{
    Conflict, TenantCatalog,
    db::{Tx, all, dialect, first},
    decode::{After, id, page, page_size, storable, word},
    error::{Error, Result},
};

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunRequest {
    /// A full backup.
    Backup {
        /// Of which source.
        source_id: SourceId,
        /// A person's label.
        label: Option<String>,
    },
    /// A verification.
    Verify {
        /// Of which backup.
        backup_id: BackupId,
    },
    /// A restore into a new database.
    Restore(RestoreToNew),
    /// A test of a connection.
    Probe {
        /// Which.
        connection_id: ConnectionId,
    },
}

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
    /// Input of a restore.
    pub restore: Option<RestoreToNew>,
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
    /// In one state.
    pub state: Option<RunState>,
    /// Queued, running or retrying only.
    pub active: bool,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

impl TenantCatalog<'_> {
    /// Queues a run, with its audit entry in the same transaction. A key that was used before gives the run it
    /// made. [`crate::Conflict::AlreadyRunning`] if one of that kind is active;
    /// [`crate::Conflict::Expired`] if the backup is gone.
    pub async fn create_run(&self, request: RunRequest, idempotency_key: Option<&str>) -> Result<RunId> {
        let mut tx = self.begin().await?;
        if let Some(run) = self.run_of_key(&mut tx, idempotency_key).await? {
            return Ok(run);
        }
        let kind = request.kind();
        let mut subject = String::new();
        let mut new = NewRun::of(self.tenant, kind, "", self.actor.name());
        let detail = match &request {
            RunRequest::Backup { source_id, label } => {
                let (database, connection) = self.source_of_run(&mut tx, *source_id).await?;
                (new.source, new.connection, new.label) =
                    (Some(*source_id), Some(connection), label.as_deref());
                subject = database;
                format!("backup of source {source_id}")
            }
            RunRequest::Verify { backup_id } => {
                (new.source, new.backup) =
                    (Some(self.kept_backup(&mut tx, *backup_id, &mut subject).await?), Some(*backup_id));
                format!("verification of backup {backup_id}")
            }
            RunRequest::Restore(restore) => {
                let source = self.kept_backup(&mut tx, restore.backup_id, &mut subject).await?;
                self.connection_of_run(&mut tx, restore.connection_id).await?;
                (new.source, new.backup, new.connection) =
                    (Some(source), Some(restore.backup_id), Some(restore.connection_id));
                new.restore = Some(restore.clone());
                format!(
                    "backup {} to {} on connection {}",
                    restore.backup_id, restore.database, restore.connection_id
                )
            }
            RunRequest::Probe { connection_id } => {
                subject = self.connection_of_run(&mut tx, *connection_id).await?;
                new.connection = Some(*connection_id);
                format!("connection {connection_id}")
            }
        };
        (new.subject, new.idempotency_key) = (&subject, idempotency_key);
        let Some(run) = new.insert(&mut tx, &*self.catalog.clock).await? else {
            // The same form, sent twice at the same moment, is not a conflict.
            return self
                .run_of_key(&mut tx, idempotency_key)
                .await?
                .ok_or_else(|| Conflict::AlreadyRunning.into());
        };
        self.note(&mut tx, action(kind), format!("run {run}"), detail).await?;
        tx.commit().await?;
        Ok(run)
    }

    async fn run_of_key(&self, tx: &mut Tx, idempotency_key: Option<&str>) -> Result<Option<RunId>> {
        let Some(key) = idempotency_key else { return Ok(None) };
        let row = first!(
            tx,
            (String,),
            "select id from runs where tenant_id = $1 and idempotency_key = $2",
            self.key(),
            storable(key),
        )?;
        row.map(|(run,)| id("runs", &run)).transpose()
    }

    async fn source_of_run(&self, tx: &mut Tx, source: SourceId) -> Result<(String, ConnectionId)> {
        let row = first!(
            tx,
            (String, String),
            "select database_name, connection_id from sources where tenant_id = $1 and id = $2",
            self.key(),
            source.to_string(),
        )?;
        let (database, connection) = row.ok_or(Error::NotFound { what: "source" })?;
        Ok((database, id("sources", &connection)?))
    }

    async fn connection_of_run(&self, tx: &mut Tx, connection: ConnectionId) -> Result<String> {
        let row = first!(
            tx,
            (String,),
            "select name from connections where tenant_id = $1 and id = $2",
            self.key(),
            connection.to_string(),
        )?;
        row.map(|(name,)| name).ok_or(Error::NotFound { what: "connection" })
    }

    /// The source of a backup that is kept. Holds the backup's row, so that retention cannot choose it meanwhile.
    async fn kept_backup(&self, tx: &mut Tx, backup: BackupId, subject: &mut String) -> Result<SourceId> {
        let row = first!(
            tx,
            (String, String, String),
            dialect!(
                tx,
                sqlite: "select source_id, database_name, retention from backups where tenant_id = $1 and id = $2",
                postgres: "select source_id, database_name, retention from backups where tenant_id = $1 and id = $2 for update"
            ),
            self.key(),
            backup.to_string(),
        )?;
        let (source, database, retention) = row.ok_or(Error::NotFound { what: "backup" })?;
        if retention != Retention::Active.key() {
            return Err(Conflict::Expired.into());
        }
        *subject = database;
        id("backups", &source)
    }

    /// Asks a run to stop. One that waits is cancelled at once; one at work learns it when it renews its lease.
    /// Returns the state it is in now.
    pub async fn request_cancel(&self, id: RunId) -> Result<RunState> {
        let mut tx = self.begin().await?;
        let row = first!(
            &mut tx,
            (String,),
            "update runs set cancel_requested = 1, \
             state = case when state = 'running' then state else 'cancelled' end, \
             finished_at = case when state = 'running' then null else cast($3 as bigint) end, next_at = null \
             where tenant_id = $1 and id = $2 and state in ('queued', 'retrying', 'running') returning state",
            self.key(),
            id.to_string(),
            self.now(),
        )?;
        let Some((state,)) = row else {
            drop(tx);
            self.get_run(id).await?;
            return Err(Conflict::RunFinished.into());
        };
        append_event(
            &mut tx,
            self.tenant,
            id,
            Timestamp(self.now()),
            &format!("{} asked it to stop", self.actor.name()),
        )
        .await?;
        self.note(&mut tx, "run.cancel", format!("run {id}"), String::new()).await?;
        tx.commit().await?;
        word("runs", &state, RunState::find)
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
                 order by created_at desc, id desc limit $10"
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

impl RunRequest {
    /// What kind of run it is.
    pub const fn kind(&self) -> RunKind {
        match self {
            Self::Backup { .. } => RunKind::Backup,
            Self::Verify { .. } => RunKind::Verify,
            Self::Restore(_) => RunKind::Restore,
            Self::Probe { .. } => RunKind::Probe,
        }
    }
}

const fn action(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Backup => "backup.start",
        RunKind::Verify => "verification.start",
        RunKind::Restore => "restore.start",
        RunKind::Probe => "probe.start",
    }
}
