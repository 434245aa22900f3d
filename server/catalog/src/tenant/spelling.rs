//! The one spelling of the tenants of a source.
//!
//! A run, a request, the owner of a backup hold a tenant's key as the rows spell it, whatever was typed: under two
//! spellings one tenant would have two histories, and destroying one key would leave the other's bytes.

use domain::{BackupId, SourceId, spelling::Spelling, tenancy::TenantKey};

use crate::{
    TenantCatalog,
    db::{AsConn, Tx, exec, first},
    decode::{json, to_json},
    error::Result,
};

const TABLE: &str = "tenant_maps";

/// Remembers what a look at the schema found; nothing found changes nothing.
pub(crate) async fn store_spelling(
    tx: &mut Tx,
    (tenant, source): (&str, &str),
    spelling: Option<Spelling>,
) -> Result<()> {
    let Some(spelling) = spelling else { return Ok(()) };
    exec!(
        tx,
        "update tenant_maps set spelling = $3 where tenant_id = $1 and source_id = $2",
        tenant,
        source,
        to_json(TABLE, &spelling)?,
    )
    .map(drop)
}

impl TenantCatalog<'_> {
    /// The key that `key` means among the tenants of a source; the same one while nothing is known of its spelling.
    pub(super) async fn spelled(
        &self,
        on: &mut impl AsConn,
        source: SourceId,
        key: &TenantKey,
    ) -> Result<TenantKey> {
        let row = first!(
            on,
            (Option<String>,),
            "select spelling from tenant_maps where tenant_id = $1 and source_id = $2",
            self.key(),
            source.to_string(),
        )?;
        let spelling: Option<Spelling> =
            row.and_then(|row| row.0).map(|text| json(TABLE, &text)).transpose()?;
        Ok(spelling.and_then(|spelling| spelling.key(key.as_str())).unwrap_or_else(|| key.clone()))
    }

    /// The key under which a kept backup of a source holds a tenant, whichever way it was typed; none if it holds
    /// nothing of it. Backups from before there was one spelling are asked for the very key first.
    pub async fn tenant_in(
        &self,
        backup: BackupId,
        source: SourceId,
        key: &TenantKey,
    ) -> Result<Option<TenantKey>> {
        if self.tenant_part(backup, key).await?.is_some() {
            return Ok(Some(key.clone()));
        }
        let mut reader = self.read().await?;
        let spelled = self.spelled(&mut reader, source, key).await?;
        drop(reader);
        Ok(self.tenant_part(backup, &spelled).await?.map(|_| spelled))
    }
}
