//! Sweeps that carry policies out: slots become runs, and what is no longer kept goes.

use std::sync::Arc;

use catalog::{Expiring, SystemTask};
use domain::policies::retention;
use engine::{format::keys::Place, pipeline};

use crate::{
    backups::job::owner,
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Backups that are removed in one round.
const AT_ONCE: u32 = 20;

/// Queues a run for every slot that is due.
pub async fn schedules(services: &Arc<Services>) -> Result<Swept, JobError> {
    let fired = services.catalog.system(SystemTask::Schedules).fire_due_schedules().await?;
    for slot in &fired {
        let source = slot.source_id;
        if slot.missed > 0 {
            tracing::warn!(source.id = %source, missed = slot.missed, "older slots were missed; one run catches up");
        }
        match slot.run_id {
            Some(run) => services.wake(slot.tenant_id, run, 0).await,
            None => {
                tracing::info!(source.id = %source, "a slot came while a backup was active, which counts for it");
            }
        }
    }
    Ok(Swept::done(fired.len() as u64))
}

/// Chooses what is no longer kept and removes it, manifest first.
pub async fn retention(services: &Arc<Services>) -> Result<Swept, JobError> {
    let system = services.catalog.system(SystemTask::Retention);
    for source in system.retention_candidates().await? {
        // The newest first: what was built on another goes before it, or keeps it for this round.
        for backup in retention::expired(source.backups).into_iter().rev() {
            // A run that works on it keeps it for this round.
            if system.mark_expiring(source.tenant_id, backup).await? {
                tracing::info!(backup.id = %backup, source.id = %source.source_id, "no longer kept");
            }
        }
    }
    let (mut count, mut failed) = (0, None);
    for backup in system.expiring(AT_ONCE).await? {
        match remove(services, &backup).await {
            Ok(()) => count += 1,
            Err(error) => {
                tracing::warn!(backup.id = %backup.backup_id, %error, "a backup that is no longer kept could not be removed yet");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(Swept::done(count)), Err)
}

async fn remove(services: &Arc<Services>, backup: &Expiring) -> Result<(), JobError> {
    let system = services.catalog.system(SystemTask::Retention);
    let place = Place {
        owner: owner(backup.tenant_key.as_ref()),
        source: backup.source_id,
        backup: backup.backup_id,
        attempt: u32::try_from(backup.attempt).unwrap_or(u32::MAX),
    };
    for copy in backup.copies.iter().filter(|copy| copy.vault_id == services.vault_id) {
        pipeline::remove(&services.vault, &place).await?;
        system.mark_copy_deleted(backup.tenant_id, backup.backup_id, copy.vault_id).await?;
    }
    Ok(())
}
