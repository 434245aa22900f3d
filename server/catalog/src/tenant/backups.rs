//! Recovery points, their copies and what is known about them.

use domain::{
    BackupId, Cursor, EvidenceId, Page, RunId, SourceId, Timestamp, VaultId,
    backups::{CopyState, Evidence, Phase, Retention, Sizes, Verification},
    sources::Coordinate,
};

use crate::{TenantCatalog, error::Result};

/// Which backups to list, newest first; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct BackupQuery {
    /// Of one source.
    pub source: Option<SourceId>,
    /// With this verification.
    pub verification: Option<Verification>,
    /// Whether removed ones are listed too.
    pub removed: bool,
    /// Label contains this; upper and lower case do not matter.
    pub label: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// One backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// Which.
    pub id: BackupId,
    /// Of which source.
    pub source_id: SourceId,
    /// The run that took it.
    pub run_id: RunId,
    /// Name of the database when it was taken.
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
    /// The start of the run that made it; part of every object key.
    pub attempt: i64,
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
}

/// A copy of a backup in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Of which backup.
    pub backup_id: BackupId,
    /// In which vault.
    pub vault_id: VaultId,
    /// The vault's name.
    pub vault: String,
    /// Where the vault is, without secrets.
    pub location: String,
    /// How it stands.
    pub state: CopyState,
    /// Its manifest's key.
    pub manifest_key: String,
    /// Number of objects.
    pub objects: u32,
}

/// One verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Which.
    pub id: EvidenceId,
    /// Of which backup.
    pub backup_id: BackupId,
    /// By which run.
    pub run_id: RunId,
    /// When it was found.
    pub at: Timestamp,
    /// What was found.
    pub evidence: Evidence,
}

impl TenantCatalog<'_> {
    /// Backups, newest first by the instant they hold.
    pub async fn list_backups(&self, query: &BackupQuery) -> Result<Page<Backup>> { todo!() }
    /// One backup.
    pub async fn get_backup(&self, id: BackupId) -> Result<Backup> { todo!() }
    /// Its copies.
    pub async fn list_copies(&self, id: BackupId) -> Result<Vec<Copy>> { todo!() }
    /// Its verifications, newest first, 50 at most.
    pub async fn list_evidence(&self, id: BackupId) -> Result<Vec<EvidenceRow>> { todo!() }
}
