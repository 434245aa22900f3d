//! What a split backup holds of whom, from its index alone: no row is read.

use domain::tenancy::TenantKey;

use super::{
    Split, TenantReceipt, Vault,
    archive::Archive,
    native::{
        index_parts::count_up,
        whose::{Whose, parts_of},
    },
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
    let parts = parts_of(vault, place, &archive, &Whose::All).await?;
    let (shared_rows, tenants) = count_up(parts.iter().map(|(_, part)| part));
    Ok(Some(Parts { split, shared_rows, tenants }))
}

/// How a backup is split, from the part of its index that belongs to nobody; none if tenants are mixed in it.
pub async fn split(vault: &Vault, place: &Place) -> Result<Option<Split>> {
    Ok(Archive::open(vault, place).await?.index.content.split.clone())
}

/// Tables with rows of a tenant, by name, with how many. A tenant that the backup does not hold is an error.
pub async fn tenant_tables(vault: &Vault, place: &Place, tenant: &TenantKey) -> Result<Vec<(String, u64)>> {
    let archive = Archive::open(vault, place).await?;
    let split = archive.index.content.split.as_ref();
    let tenant = split.map_or_else(|| tenant.clone(), |split| split.spelled(tenant));
    let parts = parts_of(vault, place, &archive, &Whose::Tenant(tenant.clone())).await?;
    let of_tenant = parts.iter().filter(|(_, part)| part.content.tenant.as_ref() == Some(&tenant));
    let tables = of_tenant.flat_map(|(_, part)| &part.content.tables).filter(|table| table.rows > 0);
    let mut tables: Vec<_> = tables.map(|table| (table.name.clone(), table.rows)).collect();
    tables.sort();
    Ok(tables)
}
