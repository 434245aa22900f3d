//! Where copies are kept and what the installation is made of.

use async_trait::async_trait;
use domain::{ByteSize, Fault, InstallationId, VaultId, vaults::VaultKind};
use serde::{Deserialize, Serialize};

/// A vault as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultView {
    /// Which.
    pub id: VaultId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: VaultKind,
    /// Where it is, without secrets.
    pub location: String,
    /// Backups in it.
    pub backups: i64,
    /// Stored bytes.
    pub stored: ByteSize,
    /// Free and total room, if the store can tell.
    pub space: Option<(ByteSize, ByteSize)>,
}

/// What the settings page shows of the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationView {
    /// Its id, part of every archive.
    pub id: InstallationId,
    /// Version of Holdfast.
    pub version: String,
    /// `SQLite` or `Postgres`.
    pub catalog: String,
    /// `local key file` or the ARN of the KMS key.
    pub root_key: String,
    /// Fingerprint of the recovery public key.
    pub recovery_key: String,
    /// Fingerprint of the key that signs manifests.
    pub signing_key: String,
    /// Vaults.
    pub vaults: Vec<VaultView>,
    /// Verification servers: family, address.
    pub verification: Vec<(String, String)>,
}

/// What a page may ask about vaults.
#[async_trait]
pub trait VaultsPort: Send + Sync {
    /// The installation.
    async fn installation(&self) -> Result<InstallationView, Fault>;
}
