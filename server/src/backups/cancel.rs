//! Asking a run to stop.

use catalog::Scope;
use domain::{RunId, access::may};

use crate::{caller::Caller, fault::Result};

/// Asks a run to stop. One at work learns it from its lease, within seconds.
pub async fn cancel(caller: &Caller, scope: Scope<may::StartBackup>, id: RunId) -> Result<()> {
    caller.rows(&scope).request_cancel(id).await?;
    caller.services.run_changed(scope.tenant(), id);
    Ok(())
}
