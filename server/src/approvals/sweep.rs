//! Tells people what waits for them, reminds and escalates, carries out what has rested long enough, and ends what
//! nobody agreed to in time.

use std::sync::Arc;

use catalog::SystemTask;

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Requests that are looked at in one round.
const AT_ONCE: u32 = 100;

/// Does what is due. One request that cannot be tended does not keep the others from it.
pub async fn due(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Approvals);
    // Without a mail server letters to single people would only pile up; the inbox shows the same.
    let mails = services.config.smtp.is_some();
    let (mut count, mut failed) = (0, None);
    for (tenant, request) in system.approvals_to_tend(AT_ONCE).await? {
        match system.tend_approval(tenant, request, mails).await {
            Ok(is_done) => count += u64::from(is_done),
            Err(error) => {
                tracing::warn!(request.id = %request, %error, "a request for approval could not be tended");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(Swept::done(count)), |error| Err(error.into()))
}
