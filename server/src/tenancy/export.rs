//! Asking for a tenant's rows as a file.

use app::tenancy::api::ExportTenant;
use catalog::{RunRequest, Scope};
use domain::{Refusal, RunId, access::may, tenancy::TenantKey};

use super::routes::{self, Taken};
use crate::{caller::Caller, fault::Result, restores::plan::of_tenant};

/// Queues the run that writes the file and checks it.
pub async fn start(caller: &Caller, scope: Scope<may::ExportBackup>, request: ExportTenant) -> Result<RunId> {
    let rows = caller.rows(&scope);
    let backup = rows.get_backup(request.backup_id).await?;
    of_tenant(&backup)?;
    let Some(tenant) = rows.tenant_in(backup.id, backup.source_id, &request.tenant).await? else {
        return Err(Refusal::TenantNotInBackup { tenant: TenantKey::into(request.tenant) }.into());
    };
    let vault = &caller.services.vault;
    if let Some(refusal) = routes::refusal(&rows, vault, &backup, Taken::Exported).await? {
        return Err(refusal.into());
    }
    let wish = RunRequest::Export { backup_id: backup.id, tenant, format: request.format };
    let run = rows.create_run(wish, None).await?;
    caller.services.wake(scope.tenant(), run, 0).await;
    Ok(run)
}
