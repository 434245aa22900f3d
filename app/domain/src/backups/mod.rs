//! Runs and recovery points.
//!
//! A backup has four states that move independently: what its run did, what its verification found, whether
//! it is kept, and how each copy stands. One word for all of them would have to forget something: a backup
//! whose verification failed was still stored, and an expired one was once proven.

use serde::{Deserialize, Serialize};

use crate::{ByteSize, Timestamp};

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Takes a full backup of a source.
    Backup,
    /// Restores a backup into a scratch schema and compares it.
    Verify,
    /// Restores a backup into a new database.
    Restore,
    /// Computes what a tenant restore would change.
    PlanRestore,
    /// Brings a tenant's live rows to what was approved.
    ApplyRestore,
    /// Brings them back to what they were before.
    UndoRestore,
    /// Writes a tenant's rows as a file and checks it.
    Export,
    /// Reads a schema and infers whose rows are whose.
    InferMap,
    /// Tests a connection and reads its capabilities.
    Probe,
}

macro_rules! keyed {
    ($type:ident { $($variant:ident = $key:literal, $title:literal;)+ }) => {
        impl $type {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// How it is stored and sent.
            pub const fn key(self) -> &'static str { match self { $(Self::$variant => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$variant => $title),+ } }
            /// The value stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$variant),)+ _ => None } }
        }
    };
}

keyed!(RunKind {
    Backup = "backup", "Full backup";
    Verify = "verify", "Verification";
    Restore = "restore", "Restore";
    PlanRestore = "plan_restore", "Restore preview";
    ApplyRestore = "apply_restore", "Tenant restore";
    UndoRestore = "undo_restore", "Undo of a restore";
    Export = "export", "Tenant export";
    InferMap = "infer_map", "Tenant map";
    Probe = "probe", "Connection test";
});

/// What a run is doing. The only road: queued → running → one of the ends, with `retrying` between starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Failed in a way that may pass; waits for its next start.
    Retrying,
    /// Done.
    Completed,
    /// Gave up.
    Failed,
    /// Somebody asked it to stop and it has stopped.
    Cancelled,
}

keyed!(RunState {
    Queued = "queued", "Queued";
    Running = "running", "Running";
    Retrying = "retrying", "Waiting to retry";
    Completed = "completed", "Completed";
    Failed = "failed", "Failed";
    Cancelled = "cancelled", "Cancelled";
});

impl RunState {
    /// Whether nothing more will happen.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Starts of one run at most, those that ended by the worker's death included.
pub const MAX_STARTS: i64 = 4;

/// Milliseconds until the next start after `starts` starts: 5 s, 25 s, 125 s, each lengthened by up to half by
/// `jitter` (0.0 to 1.0) so that runs that failed together do not return together.
pub fn retry_delay_ms(starts: i64, jitter: f64) -> i64 {
    let base =
        5_000_i64.saturating_mul(5_i64.saturating_pow(u32::try_from(starts.clamp(1, 6) - 1).unwrap_or(0)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "milliseconds below 2^53"
    )]
    let extra = (base as f64 * 0.5 * jitter.clamp(0.0, 1.0)) as i64;
    base + extra
}

/// Where a run stands: what it does now, how far it is, how long it will take. Amounts are of plain data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Short stable key of the phase, e.g. `dump`, `load`, `compare`.
    pub phase: String,
    /// Bytes of plain data that went through.
    pub bytes: u64,
    /// Bytes expected in all, if known; an estimate while dumping.
    pub bytes_expected: Option<u64>,
    /// Bytes of sealed data stored.
    pub stored_bytes: u64,
    /// Tables done.
    pub tables: u32,
    /// Tables in all.
    pub tables_expected: u32,
    /// Table at work.
    pub table: Option<String>,
    /// Bytes per second over the last seconds.
    pub rate: u64,
    /// Milliseconds left, if it can be told.
    pub eta_ms: Option<i64>,
}

impl Progress {
    /// Per cent done, 0 to 100, if it can be told.
    pub fn percent(&self) -> Option<u8> {
        let expected = self.bytes_expected.filter(|&expected| expected > 0)?;
        u8::try_from((u128::from(self.bytes) * 100 / u128::from(expected)).min(99)).ok()
    }
}

/// Why a run failed, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// Stable key of the kind, e.g. `source`, `space`, `integrity`, `worker_lost`.
    pub kind: String,
    /// What was attempted and what happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether trying again may help.
    pub retry_may_help: bool,
}

/// What is known about whether a backup can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Stored and read back, never restored.
    None,
    /// A restore has proven its content.
    RestoreOk,
    /// A restore has shown that it is not what was backed up.
    Failed,
    /// Proven once, but too long ago to rely on.
    Stale,
}

keyed!(Verification {
    None = "none", "Stored, not proven";
    RestoreOk = "restore_ok", "Restorable";
    Failed = "failed", "Not restorable";
    Stale = "stale", "Proof is old";
});

/// Whether a backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// Kept by its policy.
    Active,
    /// Chosen for removal; its manifest goes first.
    Expiring,
    /// Removed; the row stays as evidence.
    Deleted,
}

keyed!(Retention {
    Active = "active", "Kept";
    Expiring = "expiring", "Being removed";
    Deleted = "deleted", "Removed";
});

/// How one copy of a backup stands in one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// Its manifest is there and was read back.
    Present,
    /// Its manifest was there and is not any more.
    Missing,
    /// Removed by retention.
    Deleted,
}

keyed!(CopyState {
    Present = "present", "Stored";
    Missing = "missing", "Missing";
    Deleted = "deleted", "Removed";
});

/// How the evidence of a verification was gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Compared with the source itself, read at the same position as the dump.
    SamePosition,
    /// Compared with the rows of the dump: proves that nothing was lost between dump and restore, not that
    /// the dump held everything.
    DumpRows,
}

keyed!(Proof {
    SamePosition = "same_position", "Compared with the source at the same position";
    DumpRows = "dump_rows", "Compared with the rows of the dump";
});

/// A FLOAT column, which the dump client prints with six digits only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatColumn {
    /// Its name.
    pub column: String,
    /// Whether every value is the same when printed with six digits.
    pub equal_to_six_digits: bool,
    /// Whether every value is the same to the last bit.
    pub bit_exact: bool,
}

/// One table of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEvidence {
    /// Its name.
    pub table: String,
    /// Rows when it was backed up.
    pub rows_source: u64,
    /// Rows after restoring.
    pub rows_restored: u64,
    /// Whether the count and the checksum are equal, FLOAT columns apart.
    pub equal: bool,
    /// FLOAT columns, each reported by itself.
    pub floats: Vec<FloatColumn>,
}

/// One view, trigger, routine or event that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectDifference {
    /// `view`, `trigger`, `procedure`, `function`, `event`, `table`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `missing`, `extra` or `different`.
    pub difference: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it proves.
    pub proof: Proof,
    /// Whether everything agrees.
    pub equal: bool,
    /// Every table.
    pub tables: Vec<TableEvidence>,
    /// Views, triggers, routines and events compared.
    pub objects: u32,
    /// Those that do not agree.
    pub differences: Vec<ObjectDifference>,
    /// Version of the server it was restored on.
    pub server: String,
    /// Milliseconds of each phase, in order.
    pub phases: Vec<(String, i64)>,
    /// Remarks that limit what it proves, e.g. about non-transactional tables.
    pub remarks: Vec<String>,
}

/// Sizes of a stored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sizes {
    /// Plain data, as read from the source.
    pub plain: ByteSize,
    /// Everything stored in the vault.
    pub stored: ByteSize,
}

impl Sizes {
    /// Plain over stored, e.g. 6.1; nothing if nothing is stored.
    pub fn ratio(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
        (self.stored.0 > 0).then(|| self.plain.0 as f64 / self.stored.0 as f64)
    }
}

/// A phase of a run with its beginning and length, for the timeline of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Short stable key, e.g. `dump`.
    pub name: String,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_spread_and_grow() {
        assert_eq!(retry_delay_ms(1, 0.0), 5_000);
        assert_eq!(retry_delay_ms(2, 0.0), 25_000);
        assert_eq!(retry_delay_ms(3, 1.0), 187_500);
        assert!(retry_delay_ms(i64::MAX, 1.0) > 0);
    }

    #[test]
    fn percent_never_promises_the_end() {
        let progress = |bytes, expected| Progress { bytes, bytes_expected: expected, ..Progress::default() };
        assert_eq!(progress(5, None).percent(), None);
        assert_eq!(progress(5, Some(0)).percent(), None);
        assert_eq!(progress(62, Some(100)).percent(), Some(62));
        assert_eq!(progress(120, Some(100)).percent(), Some(99));
    }
}
