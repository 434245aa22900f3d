//! Where copies are kept.

use serde::{Deserialize, Serialize};

/// What kind of store a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultKind {
    /// A directory.
    Local,
    /// A bucket of an S3 API.
    S3,
}

impl VaultKind {
    /// How it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::S3 => "s3",
        }
    }
    /// The kind stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        match key {
            "local" => Some(Self::Local),
            "s3" => Some(Self::S3),
            _ => None,
        }
    }
}
