//! Asking for a backup.

use app::backups::api::StartBackup;
use catalog::{Continues, RunRequest, Scope};
use domain::{Fault, Refusal, RunId, access::may, sources::Label};

use crate::{caller::Caller, fault::Result};

const LONGEST_KEY: usize = 100;

/// Queues a backup. The same key gives the same run.
pub async fn start(caller: &Caller, scope: Scope<may::StartBackup>, request: StartBackup) -> Result<RunId> {
    let label = request.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
    let label = label
        .map(Label::new)
        .transpose()
        .map_err(|error| Fault::invalid("label", error.to_string()))?
        .map(String::from);
    let key = request.idempotency_key.filter(|key| !key.is_empty());
    if key.as_deref().is_some_and(|key| key.len() > LONGEST_KEY || key.contains(char::is_control)) {
        return Err(
            Fault::invalid("idempotency_key", "this key is too long or holds control characters").into()
        );
    }
    let run = match request.tenant {
        None if request.incremental => RunRequest::Files {
            source_id: request.source_id,
            label,
            continues: Continues::Newest,
            sums: true,
        },
        None => RunRequest::Backup { source_id: request.source_id, label },
        Some(tenant) => {
            let rows = caller.rows(&scope);
            rows.get_source(request.source_id).await?;
            if rows.confirmed_map(request.source_id).await?.is_none() {
                return Err(Refusal::MapUnconfirmed.into());
            }
            RunRequest::TenantBackup { source_id: request.source_id, tenant, label }
        }
    };
    let id = caller.rows(&scope).create_run(run, key.as_deref()).await?;
    caller.services.wake(scope.tenant(), id, 0).await;
    Ok(id)
}
