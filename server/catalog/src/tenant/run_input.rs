//! What a run is given beside what its columns say, and what it leaves.

use domain::{BackupId, RestoreId, Timestamp, restores::RestoreToNew, tenancy::ExportFormat};
use serde::{Deserialize, Serialize};

/// What a run is given. How it is stored tells the kinds apart by their fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunInput {
    /// For a restore into a new database.
    Restore(RestoreToNew),
    /// For the steps of a tenant restore.
    Request {
        /// Which request.
        restore_id: RestoreId,
    },
    /// For an export.
    Export {
        /// As what.
        format: ExportFormat,
    },
    /// For an inference.
    Infer {
        /// The column to look for.
        tenant_column: String,
    },
    /// For a copy of a whole server's files.
    Files {
        /// What it continues; nothing for a full one.
        parent: Option<BackupId>,
        /// Whether the rows of the source are read too, so that the copy can be compared with them.
        sums: bool,
        /// Whether an incremental one was asked for. It is a full one all the same where there was nothing to continue.
        incremental: bool,
    },
    /// For the confirmation of a tenant map.
    Confirm {
        /// The draft's version that was looked at.
        version: i64,
    },
}

/// What a run leaves for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutput {
    /// How the file is called.
    pub name: String,
    /// Bytes of it.
    pub size: u64,
    /// SHA-256 of it, in hex: what is taken away later must be the file that was checked.
    pub sha256: String,
    /// Until when it can be taken away.
    pub until: Timestamp,
}
