//! Runs as people see them: asked for, listed, cancelled.

use domain::{
    BackupId, ConnectionId, Cursor, Page, RunId, SourceId, TenantId, Timestamp,
    backups::{Progress, RunError, RunKind, RunState},
    restores::RestoreToNew,
};

use crate::{TenantCatalog, error::Result};

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
    pub async fn create_run(&self, request: RunRequest, idempotency_key: Option<&str>) -> Result<RunId> { todo!() }
    /// Asks a run to stop. One that waits is cancelled at once; one at work learns it when it renews its lease.
    pub async fn request_cancel(&self, id: RunId) -> Result<RunState> { todo!() }
    /// Runs, newest first.
    pub async fn list_runs(&self, query: &RunQuery) -> Result<Page<Run>> { todo!() }
    /// One run.
    pub async fn get_run(&self, id: RunId) -> Result<Run> { todo!() }
    /// Log lines of a run later than `after` (0 for all), oldest first, 1000 at most.
    pub async fn run_events(&self, id: RunId, after: i64) -> Result<Vec<RunEvent>> { todo!() }
}
