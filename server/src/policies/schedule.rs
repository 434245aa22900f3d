//! Setting when a source is backed up.

use app::policies::api::SetSchedule;
use catalog::Scope;
use domain::{Fault, access::may, policies::schedule::Schedule};

use crate::{caller::Caller, fault::Result};

/// Sets the schedule of full backups, or of what changes between them.
pub async fn set(caller: &Caller, scope: Scope<may::ManagePolicies>, request: SetSchedule) -> Result<()> {
    // A source may have two, and what is wrong belongs to the one that was sent.
    let field = if request.incremental { "incremental_cron" } else { "cron" };
    let schedule = Schedule::parse(&request.cron, caller.services.clock.now())
        .map_err(|error| Fault::invalid(field, error.to_string()))?;
    let rows = caller.rows(&scope);
    if request.incremental {
        rows.set_incremental_schedule(request.source_id, &schedule, request.enabled).await?;
    } else {
        rows.set_schedule(request.source_id, &schedule, request.enabled).await?;
    }
    Ok(())
}
