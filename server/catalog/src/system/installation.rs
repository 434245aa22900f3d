//! Organisations and vaults, as the program itself needs them.

use domain::{TenantId, VaultId, vaults::VaultKind};

use crate::{
    SystemCatalog,
    db::{all, exec, first},
    decode::{id, storable, word},
    error::{Error, Result},
};

/// For how long the answer to a program is kept for its repetition, in milliseconds.
const ANSWERS_MS: i64 = 24 * 3_600_000;

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
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select tenant_id, name from tenants order by name, tenant_id"
        )?;
        rows.into_iter().map(|(tenant, name)| Ok(Tenant { id: id("tenants", &tenant)?, name })).collect()
    }

    /// Every vault, by name.
    pub async fn vaults(&self) -> Result<Vec<Vault>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, String),
            "select id, name, kind, location from vaults order by name"
        )?;
        let read = |(vault, name, kind, location): (String, String, String, String)| {
            Ok(Vault {
                id: id("vaults", &vault)?,
                name,
                kind: word("vaults", &kind, VaultKind::find)?,
                location,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Makes sure that the vault of the configuration file has a row; a name keeps its id.
    pub async fn register_vault(&self, name: &str, kind: VaultKind, location: &str) -> Result<VaultId> {
        let mut tx = self.catalog.db.begin().await?;
        let row = first!(
            &mut tx,
            (String,),
            "insert into vaults (id, name, kind, location, created_at) values ($1, $2, $3, $4, $5) \
             on conflict (name) do update set kind = excluded.kind, location = excluded.location returning id",
            self.catalog.clock.uuid().to_string(),
            storable(name),
            kind.key(),
            storable(location),
            self.catalog.clock.now().0,
        )?;
        let vault = id("vaults", &row.ok_or(Error::NotFound { what: "vault" })?.0)?;
        tx.commit().await?;
        Ok(vault)
    }

    /// Removes sessions that are over. Returns how many.
    pub async fn delete_ended_sessions(&self) -> Result<u64> {
        let mut tx = self.catalog.db.begin().await?;
        let ended = exec!(
            &mut tx,
            "delete from sessions where expires_at <= $1 or absolute_expires_at <= $1",
            self.catalog.clock.now().0,
        )?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Removes answers to programs that nobody will ask for again. Returns how many.
    pub async fn delete_old_answers(&self) -> Result<u64> {
        let mut tx = self.catalog.db.begin().await?;
        let removed = exec!(
            &mut tx,
            "delete from api_answers where begun_at <= $1",
            self.catalog.clock.now().0 - ANSWERS_MS,
        )?;
        tx.commit().await?;
        Ok(removed)
    }
}
