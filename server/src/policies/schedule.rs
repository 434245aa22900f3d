//! Setting when a source is backed up.

use app::{approvals::api::Outcome, policies::api::SetSchedule};
use catalog::{ScheduleRow, Scope};
use domain::{
    Fault, Timestamp,
    access::may,
    approvals::Change,
    policies::schedule::{Schedule, ScheduleKind},
};

use crate::{approvals::ask::ask_or_do, caller::Caller, fault::Result};

/// Sets the schedule of full backups, or of what changes between them. One that backs up less often than before needs
/// somebody else.
pub async fn set(
    caller: &Caller,
    scope: Scope<may::ManagePolicies>,
    request: SetSchedule,
) -> Result<Outcome> {
    let now = caller.services.clock.now();
    // A source may have two, and what is wrong belongs to the one that was sent.
    let field = if request.incremental { "incremental_cron" } else { "cron" };
    let schedule =
        Schedule::parse(&request.cron, now).map_err(|error| Fault::invalid(field, error.to_string()))?;
    let rows = caller.rows(&scope);
    let kind = if request.incremental { ScheduleKind::Incremental } else { ScheduleKind::Full };
    let source = rows.get_source(request.source_id).await?;
    let before = source.schedules.iter().find(|before| before.kind == kind);
    if before.is_some_and(|before| is_slacker(before, &schedule, request.enabled, now)) {
        let change = Change::SetSchedule {
            source_id: request.source_id,
            incremental: request.incremental,
            cron: schedule.expression().to_owned(),
            enabled: request.enabled,
        };
        return ask_or_do(caller, &scope, &change, &request.reason).await;
    }
    if request.incremental {
        rows.set_incremental_schedule(request.source_id, &schedule, request.enabled).await?;
    } else {
        rows.set_schedule(request.source_id, &schedule, request.enabled).await?;
    }
    Ok(Outcome::DONE)
}

/// Whether it leaves a longer time without a backup than before.
fn is_slacker(before: &ScheduleRow, after: &Schedule, enabled: bool, now: Timestamp) -> bool {
    let gap = |cron| Schedule::parse(cron, now).map(|schedule| schedule.longest_gap_ms(now));
    before.enabled && (!enabled || gap(&before.cron).is_ok_and(|longest| after.longest_gap_ms(now) > longest))
}
