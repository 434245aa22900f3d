//! Sweeps over what verifications owe and leave.

use std::sync::Arc;

use catalog::SystemTask;
use engine::{pipeline::physical, source::mysql::scratch};

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// What is older than this and than every verification at work belongs to nobody. The hour is for another
/// installation that shares the server against our advice.
const SCRATCH_AFTER_MS: i64 = 3_600_000;

/// Queues the verification of every kept backup that has none.
pub async fn owed_verifications(services: &Arc<Services>) -> Result<Swept, JobError> {
    let queued = services.catalog.system(SystemTask::Dispatch).queue_owed_verifications().await?;
    let now = services.clock.now();
    for run in &queued {
        services.queue.push(*run, 0, now).await?;
    }
    Ok(Swept::done(queued.len() as u64))
}

/// Removes what killed verifications left on the verification servers and, of copied files, on this machine: it is the customer's data, readable. A server that does not answer does not keep
/// the others from being swept.
pub async fn scratch(services: &Arc<Services>) -> Result<Swept, JobError> {
    let hour_ago = services.clock.now().plus_ms(-SCRATCH_AFTER_MS);
    let at_work = services.catalog.system(SystemTask::Dispatch).oldest_loading().await?;
    let before = at_work.map_or(hour_ago, |oldest| oldest.min(hour_ago));
    let (mut count, mut failed) = (0, None);
    for server in &services.config.verification {
        match scratch::sweep(&server.endpoint, before).await {
            Ok(removed) => {
                for name in &removed {
                    tracing::info!(
                        server = server.endpoint.shown(),
                        "removed {name}, which a killed verification left"
                    );
                }
                count += removed.len() as u64;
            }
            Err(error) => failed = Some(error),
        }
    }
    let left = physical::sweep_scratch(&services.config.physical.scratch);
    for directory in &left {
        tracing::info!(directory = %directory.display(), "removed what a killed copy or verification of a server's files left");
    }
    count += left.len() as u64;
    failed.map_or(Ok(Swept::done(count)), |error| Err(error.into()))
}
