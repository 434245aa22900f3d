//! Tells people about sources whose backup is late: once per source and slot, however often it is looked at.

use std::sync::Arc;

use catalog::SystemTask;
use domain::alerts::OVERDUE_AFTER_MS;

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Puts a notice into the outbox for every source that is overdue.
pub async fn overdue(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Notices);
    let before = services.clock.now().plus_ms(-OVERDUE_AFTER_MS);
    let mut count = 0;
    for owed in system.owed(before).await? {
        let queued = system.notify_overdue(&owed).await?;
        if queued > 0 {
            tracing::warn!(source.id = %owed.source_id, since = ?owed.since, "a backup is overdue");
        }
        count += queued;
    }
    Ok(Swept::done(count))
}
