//! Sweeps over runs themselves: those that nobody was woken for, and those whose worker is gone.

use std::sync::Arc;

use catalog::SystemTask;

use super::{job::JobError, sweeps::Swept};
use crate::services::Services;

/// Wakes a worker for runs that are due and that nobody holds, a few more than can be taken at once: the rest is
/// dispatched when those are done, in the order that is fair then.
pub async fn dispatch(services: &Arc<Services>) -> Result<Swept, JobError> {
    let limit = u32::try_from(services.config.worker.concurrency * 2).unwrap_or(u32::MAX);
    let due = services.catalog.system(SystemTask::Dispatch).due_runs(limit).await?;
    let now = services.clock.now();
    for run in due {
        services.queue.push(run.run_id, run.starts, now).await?;
    }
    // Most have been woken for already; saying so every time would drown the log.
    Ok(Swept::default())
}

/// Takes back runs whose worker is gone.
pub async fn leases(services: &Arc<Services>) -> Result<Swept, JobError> {
    let reclaimed = services.catalog.system(SystemTask::Leases).reclaim_expired().await?;
    let now = services.clock.now();
    for run in &reclaimed.queued {
        tracing::warn!(run.id = %run, "the worker of this run is gone; the run waits for another");
        services.queue.push(*run, 0, now).await?;
    }
    for run in &reclaimed.failed {
        tracing::error!(run.id = %run, "the worker of this run is gone once more; the run is given up");
    }
    let count = reclaimed.queued.len() + reclaimed.failed.len() + reclaimed.cancelled.len();
    Ok(Swept::done(count as u64))
}

/// Removes wake-ups that were seen long ago.
pub async fn old_wake_ups(services: &Arc<Services>) -> Result<Swept, JobError> {
    Ok(Swept::done(services.queue.prune(services.clock.now()).await?))
}
