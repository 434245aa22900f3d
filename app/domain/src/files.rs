//! Copies of a whole server's files: whether they can be made, and what they say of themselves.

use serde::{Deserialize, Serialize};

/// Whether the files of a server can be copied by the worker that tested it, found out before anything is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesCopy {
    /// They can.
    Possible {
        /// The copying program with its version.
        program: String,
        /// The server's data directory.
        directory: String,
        /// Bytes in it.
        bytes: u64,
    },
    /// They cannot.
    Impossible {
        /// Why not.
        why: String,
        /// What to do instead, or what to mend.
        instead: String,
    },
}

/// What a backup of a whole server's files says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesFacts {
    /// The copying program, which is needed again to prepare the files: `mariadb-backup` or `xtrabackup`.
    pub program: String,
    /// The machine on which it was taken; none if the backup was found by its manifest later.
    pub machine: Option<String>,
    /// The data directory there.
    pub directory: String,
    /// Every database in it, without the server's own.
    pub databases: Vec<String>,
    /// What limits it, in words.
    pub remarks: Vec<String>,
}
