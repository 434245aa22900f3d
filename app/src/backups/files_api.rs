//! What pages know of copies of a whole server's files.

use domain::{
    BackupId, Timestamp,
    backups::{Retention, Sizes, Verification},
    files::FilesFacts,
};
use serde::{Deserialize, Serialize};

/// Kinds of copies of a whole server's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesKind {
    /// All of them.
    Full,
    /// What changed since another backup.
    Incremental,
}

impl FilesKind {
    /// How it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Full => "whole server, full",
            Self::Incremental => "whole server, incremental",
        }
    }
}

/// A copy of a whole server's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesView {
    /// What it says of itself.
    pub facts: FilesFacts,
    /// Everything that is needed to restore it, the full one first and itself last.
    pub chain: Vec<LinkView>,
    /// Kept backups that were built on it, and keep it.
    pub continued_by: u64,
    /// The command that leaves a prepared data directory, on a machine that has the configuration of this installation.
    pub restore_command: String,
}

/// One backup of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Which.
    pub id: BackupId,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Whether it is kept.
    pub retention: Retention,
    /// What is known about it.
    pub verification: Verification,
    /// Sizes.
    pub sizes: Sizes,
}

impl FilesView {
    /// Whether everything that a restore needs is still kept.
    pub fn is_whole(&self) -> bool {
        !self.chain.is_empty() && self.chain.iter().all(|link| link.retention == Retention::Active)
    }
}
