//! Puts what is new in the audit trail under a signed head and lays the head into the vault.
//!
//! A head is due an hour after the last one, and at once when an act of high risk is among what is new. It is stored in
//! the catalog first: what is between that and the vault is done by the next round, here or on another server.

use std::sync::Arc;

use catalog::{NewHead, SystemTask};
use domain::audit::TreeHead;
use engine::pipeline;

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// At least so often while there is something new, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// Makes a head if one is due, and lays those that no vault has.
pub async fn anchor(services: &Arc<Services>) -> Result<Swept, JobError> {
    let due = services.catalog.system(SystemTask::Audit).anchor().await?;
    let now = services.clock.now();
    let is_hour_over = due.newest.is_none_or(|newest| now.since_ms(newest) >= HOUR_MS);
    if due.entries > 0 && (due.is_urgent || is_hour_over) {
        make(services).await?;
    }
    lay(services).await.map(Swept::done)
}

/// Lets entries go that have been kept for seven years: announces them, and removes those whose announcement is under a
/// signed head by now.
pub async fn expire(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Audit);
    let gone = system.remove_announced_trail().await?;
    if system.announce_trail_removal().await? > 0 {
        anchor_now(services).await?;
    }
    Ok(Swept::done(gone))
}

/// Makes a head now over everything that is new, whether it is due or not, and lays it. For whoever needs the proof at
/// once, e.g. an export.
pub async fn anchor_now(services: &Arc<Services>) -> Result<(), JobError> {
    make(services).await?;
    lay(services).await.map(drop)
}

async fn make(services: &Arc<Services>) -> Result<(), JobError> {
    let system = services.catalog.system(SystemTask::Audit);
    let mut new = system.unanchored().await?;
    if new.marks.is_empty() {
        return Ok(());
    }
    let (installation, now) = (services.vault.installation(), services.clock.now());
    // Clocks of several servers differ; heads are in order whatever they say.
    let at = new.before.as_ref().map_or(now, |before| before.at.max(now));
    let head = TreeHead::over(installation, new.before.as_ref(), at, &mut new.marks);
    let signature = pipeline::sign_head(&services.vault, &head).await?;
    // If another server was faster, what is left is taken by the next round.
    system.store_head(&NewHead { head, signature, marks: new.marks }).await?;
    Ok(())
}

/// Lays heads that were stored and not seen in the vault; gives how many.
async fn lay(services: &Arc<Services>) -> Result<u64, JobError> {
    let system = services.catalog.system(SystemTask::Audit);
    let mut laid = 0;
    for stored in system.heads_to_lay(services.vault_id).await? {
        pipeline::lay_head(&services.vault, &stored.head, &stored.signature).await?;
        system.head_laid(stored.head.number, services.vault_id).await?;
        laid += 1;
    }
    Ok(laid)
}
