//! Asking a run to stop.

use catalog::Scope;
use domain::{RunId, access::may, backups::RunKind};

use crate::{caller::Caller, fault::Result};

/// Asks a run to stop. One at work learns it from its lease, within seconds. A restore is stopped only by who could
/// have asked for it: in an emergency it is not to be cut off by everybody who may start a backup.
pub async fn cancel(caller: &Caller, scope: Scope<may::StartBackup>, id: RunId) -> Result<()> {
    let rows = caller.rows(&scope);
    match rows.get_run(id).await?.kind {
        RunKind::Restore | RunKind::PlanRestore => {
            caller.allow_unproven::<may::RequestRestore>().await?;
        }
        RunKind::ApplyRestore | RunKind::UndoRestore => {
            caller.allow_unproven::<may::ApplyRestore>().await?;
        }
        RunKind::Export => {
            caller.allow_unproven::<may::ExportBackup>().await?;
        }
        RunKind::InferMap => {
            caller.allow_unproven::<may::ManageTenantMap>().await?;
        }
        RunKind::Backup | RunKind::Verify | RunKind::Probe => {}
    }
    rows.request_cancel(id).await?;
    caller.services.run_changed(scope.tenant(), id);
    Ok(())
}
