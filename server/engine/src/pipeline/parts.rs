//! What a split backup holds of whom, from its index alone: no row is read.

use domain::tenancy::TenantKey;

use super::{
    Split, TenantReceipt, Vault,
    archive::Archive,
    native::blocks::{Blocks, Whose},
};
use crate::{Result, format::keys::Place};

/// The parts of a split backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// How it is split.
    pub split: Split,
    /// Rows that belong to no tenant.
    pub shared_rows: u64,
    /// Every tenant with rows in it.
    pub tenants: Vec<TenantReceipt>,
}

/// The parts of a backup; none if tenants are mixed in it.
pub async fn parts(vault: &Vault, place: &Place) -> Result<Option<Parts>> {
    let archive = Archive::open(vault, place).await?;
    let Some(split) = archive.index.content.split.clone() else { return Ok(None) };
    let blocks = Blocks::open(vault, place, &archive, &Whose::All).await?;
    let (mut shared_rows, mut tenants) = (0, Vec::new());
    for part in blocks.parts() {
        let rows: u64 = part.content.tables.iter().map(|table| table.rows).sum();
        let Some(key) = part.tenant.clone() else {
            shared_rows += rows;
            continue;
        };
        let (mut plain_bytes, mut stored_bytes) = (0, 0);
        for segment in &part.segments {
            let (plain, stored) = blocks.sizes(&blocks.of_segment(*segment));
            plain_bytes += plain;
            stored_bytes += stored;
        }
        tenants.push(TenantReceipt { key, rows, plain_bytes, stored_bytes });
    }
    Ok(Some(Parts { split, shared_rows, tenants }))
}

/// Rows that belong to no tenant; 0 in a backup that is not split or holds one tenant only.
pub async fn shared_rows(vault: &Vault, place: &Place) -> Result<u64> {
    let archive = Archive::open(vault, place).await?;
    if archive.index.content.split.as_ref().is_none_or(|split| split.only.is_some()) {
        return Ok(0);
    }
    let blocks = Blocks::open(vault, place, &archive, &Whose::SharedAnd(Vec::new())).await?;
    let tables = blocks.parts().iter().flat_map(|part| &part.content.tables);
    Ok(tables.map(|table| table.rows).sum())
}

/// Tables with rows of a tenant, by name, with how many. A tenant that the backup does not hold is an error.
pub async fn tenant_tables(vault: &Vault, place: &Place, tenant: &TenantKey) -> Result<Vec<(String, u64)>> {
    let archive = Archive::open(vault, place).await?;
    let blocks = Blocks::open(vault, place, &archive, &Whose::Tenant(tenant.clone())).await?;
    let of_tenant = blocks.parts().iter().filter(|part| part.tenant.as_ref() == Some(tenant));
    let tables = of_tenant.flat_map(|part| &part.content.tables).filter(|table| table.rows > 0);
    let mut tables: Vec<_> = tables.map(|table| (table.name.clone(), table.rows)).collect();
    tables.sort();
    Ok(tables)
}
