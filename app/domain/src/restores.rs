//! Restores: for now into a new database only, which can destroy nothing.

use serde::{Deserialize, Serialize};

use crate::{BackupId, ConnectionId, sources::DatabaseName};

/// A restore into a database that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreToNew {
    /// What is restored.
    pub backup_id: BackupId,
    /// On which server.
    pub connection_id: ConnectionId,
    /// Under which name.
    pub database: DatabaseName,
}
