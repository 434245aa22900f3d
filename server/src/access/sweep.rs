//! Removes sessions that are over, and answers to programs that nobody will ask for again.

use std::sync::Arc;

use catalog::SystemTask;

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Removes them.
pub async fn sessions(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Sessions);
    let removed = system.delete_ended_sessions().await? + system.delete_old_answers().await?;
    Ok(Swept::done(removed))
}
