//! What the overview asks: the raw counts, from which rules of `domain` make a judgement.

use domain::{ByteSize, SourceId, Timestamp, VaultId};

use crate::{TenantCatalog, error::Result};

/// Backups of one source on one day (UTC, by the instant they hold), and slots of that day that nobody ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// Which source.
    pub source_id: SourceId,
    /// Midnight at which the day began.
    pub day: Timestamp,
    /// Backups that are proven.
    pub proven: u32,
    /// Backups stored and not proven.
    pub stored: u32,
    /// Backups whose proof failed.
    pub failed: u32,
    /// Slots missed, and scheduled runs that failed for good.
    pub missing: u32,
}

/// Stored bytes at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredByDay {
    /// Midnight at which the day began.
    pub day: Timestamp,
    /// Bytes in vaults when it ended (or now).
    pub stored: ByteSize,
}

/// What an organisation has in one vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultUse {
    /// Which vault.
    pub vault_id: VaultId,
    /// Backups in it.
    pub backups: i64,
    /// Stored bytes.
    pub stored: ByteSize,
}

impl TenantCatalog<'_> {
    /// Per source and day, for every day since `from` on which something was or was missed.
    pub async fn days(&self, from: Timestamp) -> Result<Vec<DayCount>> { todo!() }
    /// Scheduled backups that were expected since `from`, and those of them that completed.
    pub async fn expected_and_completed(&self, from: Timestamp) -> Result<(u32, u32)> { todo!() }
    /// Stored bytes at the end of each of the last `days` days, oldest first, today last.
    pub async fn stored_by_day(&self, days: u32) -> Result<Vec<StoredByDay>> { todo!() }
    /// Use per vault.
    pub async fn vault_use(&self) -> Result<Vec<VaultUse>> { todo!() }
    /// Per source, how long the restore of its newest verification took, in milliseconds.
    pub async fn restore_times(&self) -> Result<Vec<(SourceId, i64)>> { todo!() }
}
