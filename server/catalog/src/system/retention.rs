//! Removing what is no longer kept.

use domain::{BackupId, SourceId, TenantId, VaultId, policies::retention::Candidate};

use crate::{Copy, SystemCatalog, error::Result};

/// The kept backups of one source.
#[derive(Debug, Clone)]
pub struct SourceCandidates {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// What the rule needs to know of each.
    pub backups: Vec<Candidate>,
}

/// A backup that is being removed.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// Whose.
    pub tenant_id: TenantId,
    /// Of which source.
    pub source_id: SourceId,
    /// Which.
    pub backup_id: BackupId,
    /// The start that made it, part of its object keys.
    pub attempt: i64,
    /// Its copies that are still there.
    pub copies: Vec<Copy>,
}

impl SystemCatalog<'_> {
    /// Kept backups, source by source.
    pub async fn retention_candidates(&self) -> Result<Vec<SourceCandidates>> { todo!() }
    /// Chooses a backup for removal. `false` if it is not kept any more or a run works on it.
    pub async fn mark_expiring(&self, tenant: TenantId, backup: BackupId) -> Result<bool> { todo!() }
    /// Backups that are being removed, oldest first.
    pub async fn expiring(&self, limit: u32) -> Result<Vec<Expiring>> { todo!() }
    /// One copy is gone from its vault; when it was the last, the backup is removed. Returns whether it is.
    pub async fn mark_copy_deleted(&self, tenant: TenantId, backup: BackupId, vault: VaultId) -> Result<bool> { todo!() }
}
