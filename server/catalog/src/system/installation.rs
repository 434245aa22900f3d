//! Organisations and vaults, as the program itself needs them.

use domain::{TenantId, VaultId, vaults::VaultKind};

use crate::{SystemCatalog, error::Result};

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Which.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// A vault. It belongs to the installation; organisations are apart in it by their object keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// Which.
    pub id: VaultId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: VaultKind,
    /// Where it is, without secrets.
    pub location: String,
}

impl SystemCatalog<'_> {
    /// Every organisation, by name.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> { todo!() }
    /// Every vault, by name.
    pub async fn vaults(&self) -> Result<Vec<Vault>> { todo!() }
    /// Makes sure that the vault of the configuration file has a row; a name keeps its id.
    pub async fn register_vault(&self, name: &str, kind: VaultKind, location: &str) -> Result<VaultId> { todo!() }
    /// Removes sessions that are over. Returns how many.
    pub async fn delete_ended_sessions(&self) -> Result<u64> { todo!() }
}
