//! Removes sessions that are over.

use std::sync::Arc;

use catalog::SystemTask;

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Removes them.
pub async fn sessions(services: &Arc<Services>) -> Result<Swept, JobError> {
    let removed = services.catalog.system(SystemTask::Sessions).delete_ended_sessions().await?;
    Ok(Swept::done(removed))
}
