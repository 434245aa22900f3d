//! Runs, backups and their evidence.

use async_trait::async_trait;
use domain::{
    BackupId, ByteSize, Cursor, Fault, Page, RestoreId, RunId, SourceId, Timestamp,
    backups::{
        CopyState, Evidence, Phase, Progress, Retention, RunError, RunKind, RunState, Sizes, Verification,
    },
    sources::Coordinate,
    tenancy::{Drift, TenantKey},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::files_api::{FilesKind, FilesView};
use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::port::backend;

/// Which backups to list, newest first; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BackupFilter {
    /// Of one source.
    pub source: Option<SourceId>,
    /// With this verification.
    pub verification: Option<Verification>,
    /// Whether removed ones are listed too.
    #[serde(default)]
    pub removed: bool,
    /// Label contains this.
    pub label: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// One backup in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRow {
    /// Which.
    pub id: BackupId,
    /// Of which source.
    pub source_id: SourceId,
    /// The database's name.
    pub database: String,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// A person's label.
    pub label: Option<String>,
    /// What is known about it.
    pub verification: Verification,
    /// When that was found.
    pub verified_at: Option<Timestamp>,
    /// Whether it is kept.
    pub retention: Retention,
    /// Sizes.
    pub sizes: Sizes,
    /// The one tenant it was taken for; none if it holds the whole database.
    pub tenant: Option<TenantKey>,
    /// What kind of copy of a whole server's files it is; none if it holds rows.
    pub files: Option<FilesKind>,
}

/// A copy of a backup in a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyView {
    /// The vault's name.
    pub vault: String,
    /// Where it is, without secrets.
    pub location: String,
    /// How it stands.
    pub state: CopyState,
    /// Its manifest's key.
    pub manifest_key: String,
    /// Number of objects.
    pub objects: u32,
}

/// One backup with everything its page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupDetail {
    /// As in the list.
    pub row: BackupRow,
    /// The run that took it.
    pub run_id: RunId,
    /// Phases of that run.
    pub phases: Vec<Phase>,
    /// Where replay would continue.
    pub coordinate: Coordinate,
    /// Version of the server it was taken from.
    pub server_version: String,
    /// Client and version that dumped it.
    pub client_version: String,
    /// Compression.
    pub codec: String,
    /// Tables in it.
    pub tables: u32,
    /// SHA-256 of the manifest, in hex.
    pub manifest_sha256: String,
    /// Copies.
    pub copies: Vec<CopyView>,
    /// Verifications, newest first.
    pub evidence: Vec<EvidenceView>,
    /// The command that would bring it back with nothing but the vault and the key file.
    pub recover_command: String,
    /// Runs at work on it.
    pub active_run: Option<RunId>,
    /// Servers it may be restored to: id, name.
    pub targets: Vec<(domain::ConnectionId, String)>,
    /// What the native engine knows of it; none for a backup of another engine, where tenants are mixed.
    pub split: Option<SplitView>,
    /// What is known of it as a copy of files.
    pub files: Option<FilesView>,
}

/// A backup that is split by tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitView {
    /// Tenants that have rows in it.
    pub tenants: u64,
    /// Rows that belong to none.
    pub shared_rows: u64,
    /// What did not fit between the tenant map and the schema when it was taken.
    pub drift: Vec<Drift>,
    /// How the readers came to one snapshot and what was not ideal, in words.
    pub remarks: Vec<String>,
}

/// A verification as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// When it was found.
    pub at: Timestamp,
    /// By which run.
    pub run_id: RunId,
    /// What was found.
    pub evidence: Evidence,
}

/// Which runs to list, newest first; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunFilter {
    /// Of one source.
    pub source: Option<SourceId>,
    /// Of one kind.
    pub kind: Option<RunKind>,
    /// In one state.
    pub state: Option<RunState>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Which.
    pub id: RunId,
    /// What it does.
    pub kind: RunKind,
    /// Of which source.
    pub source_id: Option<SourceId>,
    /// What it works on, in words: the database, or the server.
    pub subject: String,
    /// What it is doing.
    pub state: RunState,
    /// Starts so far.
    pub starts: i64,
    /// Who asked: a person's name, `schedule`, `command line`.
    pub requested_by: String,
    /// A person's label.
    pub label: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it first started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it will be tried again.
    pub next_at: Option<Timestamp>,
    /// Where it stands.
    pub progress: Option<Progress>,
    /// Why it failed, or why the last start did.
    pub error: Option<RunError>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
    /// The backup it made or works on.
    pub backup_id: Option<BackupId>,
    /// The one tenant it works for.
    pub tenant: Option<TenantKey>,
    /// The request of a tenant restore that it works on.
    pub restore_id: Option<RestoreId>,
}

/// One run with everything its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetail {
    /// As in the list.
    pub row: RunRow,
    /// What happened, oldest first.
    pub log: Vec<RunEvent>,
    /// The file that it wrote, while it is there.
    pub file: Option<FileView>,
}

/// A file to take away, from `/runs/{id}/file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// How it will be called.
    pub name: String,
    /// How long it is.
    pub size: ByteSize,
    /// SHA-256 of it, in hex.
    pub sha256: String,
    /// When it is removed.
    pub until: Timestamp,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    /// When.
    pub at: Timestamp,
    /// What happened, in words.
    pub message: String,
}

/// A backup to take now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartBackup {
    /// Of which source.
    pub source_id: SourceId,
    /// A label, e.g. `before the September release`.
    #[serde(default)]
    pub label: Option<String>,
    /// So that a form sent twice starts one run: chosen by the page.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// Of this tenant only. Needs a confirmed map.
    #[serde(default)]
    pub tenant: Option<TenantKey>,
    /// Only what changed since the newest backup; of whole servers only. Where nothing can be continued it is full.
    #[serde(default)]
    pub incremental: bool,
}

/// One backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupRef {
    /// Which.
    pub id: BackupId,
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRef {
    /// Which.
    pub id: RunId,
}

/// What a page may ask about backups and runs.
#[async_trait]
pub trait BackupsPort: Send + Sync {
    /// Backups, newest first.
    async fn list_backups(&self, filter: BackupFilter) -> Result<Page<BackupRow>, Fault>;
    /// One backup.
    async fn get_backup(&self, id: BackupId) -> Result<BackupDetail, Fault>;
    /// Queues a backup, verified afterwards.
    async fn start_backup(&self, request: StartBackup) -> Result<RunId, Fault>;
    /// Queues a verification.
    async fn verify_backup(&self, request: BackupRef) -> Result<RunId, Fault>;
    /// Runs, newest first.
    async fn list_runs(&self, filter: RunFilter) -> Result<Page<RunRow>, Fault>;
    /// One run.
    async fn get_run(&self, id: RunId) -> Result<RunDetail, Fault>;
    /// Asks a run to stop.
    async fn cancel_run(&self, request: RunRef) -> Result<(), Fault>;
}

/// Takes a backup now.
#[server(name = StartBackupFn, prefix = "/fn", endpoint = "backups/start")]
pub async fn start_backup(request: StartBackup) -> Result<RunId, ApiError> {
    let id = backend()?.start_backup(request).await?;
    Ok(crate::redirect_to(&format!("/runs/{id}"), id))
}

/// Verifies a backup now.
#[server(name = VerifyBackupFn, prefix = "/fn", endpoint = "backups/verify")]
pub async fn verify_backup(request: BackupRef) -> Result<RunId, ApiError> {
    let id = backend()?.verify_backup(request).await?;
    Ok(crate::redirect_to(&format!("/runs/{id}"), id))
}

/// Asks a run to stop.
#[server(name = CancelRunFn, prefix = "/fn", endpoint = "backups/cancel_run")]
pub async fn cancel_run(request: RunRef) -> Result<(), ApiError> {
    let path = format!("/runs/{}", request.id);
    backend()?.cancel_run(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// A run as it stands now; asked by the live view after a break.
#[server(name = GetRunFn, prefix = "/fn", endpoint = "backups/run")]
pub async fn get_run(request: RunRef) -> Result<RunDetail, ApiError> {
    Ok(backend()?.get_run(request.id).await?)
}
