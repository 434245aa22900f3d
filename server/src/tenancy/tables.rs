//! The tables of a tenant in one backup, from the backup's own index.

use app::tenancy::api::{TenantTable, TenantTableFilter};
use catalog::Scope;
use domain::{Cursor, Fault, Page, Refusal, access::may, tenancy::TenantKey};
use engine::pipeline;

use crate::{backups::verify_job::place_of, caller::Caller, fault::Result, restores::plan::of_tenant};

/// Tables on a page.
const PAGE: usize = 50;

/// Tables with rows of the tenant, by name.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: TenantTableFilter,
) -> Result<Page<TenantTable>> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(filter.backup_id).await?;
    of_tenant(&backup)?;
    if rows.tenant_part(backup.id, &filter.tenant).await?.is_none() {
        return Err(Refusal::TenantNotInBackup { tenant: TenantKey::into(filter.tenant) }.into());
    }
    let tables = pipeline::tenant_tables(&caller.services.vault, &place_of(&backup), &filter.tenant).await?;
    let search = filter.search.as_deref().map(|text| text.trim().to_lowercase()).unwrap_or_default();
    // The cursor is the name of the last table of the page before.
    let after = filter.after.map(|cursor| {
        let name = cursor.0.strip_prefix('~').map(str::to_owned);
        name.ok_or(Fault::NotFound)
    });
    let after = after.transpose()?;
    let mut wanted = tables.into_iter().filter(|(table, _)| {
        table.to_lowercase().contains(&search) && after.as_ref().is_none_or(|after| table > after)
    });
    let rows: Vec<_> = wanted.by_ref().take(PAGE).map(|(table, rows)| TenantTable { table, rows }).collect();
    let next = rows.last().filter(|_| wanted.next().is_some()).map(|row| Cursor(format!("~{}", row.table)));
    Ok(Page { rows, next })
}
