//! Setting when a source is backed up.

use app::policies::api::SetSchedule;
use catalog::Scope;
use domain::{Fault, access::may, policies::schedule::Schedule};

use crate::{caller::Caller, fault::Result};

/// Sets the schedule of full backups.
pub async fn set(caller: &Caller, scope: Scope<may::ManagePolicies>, request: SetSchedule) -> Result<()> {
    let schedule = Schedule::parse(&request.cron, caller.services.clock.now())
        .map_err(|error| Fault::invalid("cron", error.to_string()))?;
    caller.rows(&scope).set_schedule(request.source_id, &schedule, request.enabled).await?;
    Ok(())
}
