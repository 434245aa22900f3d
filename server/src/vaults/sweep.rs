//! Brings the vault and the catalog together after runs that ended badly.
//!
//! An attempt without manifest belongs to nobody once its run is over, and is removed. An attempt with a manifest is a
//! backup, whatever its run was recorded as. If the run *failed* after publishing it, the backup is adopted: it is
//! whole and signed, and on a bad night it may be the only recovery point there is. If somebody *cancelled* the run,
//! it is removed, because they were told that there is no backup, and what nobody knows of is neither verified nor
//! ever expires. A second published attempt of a backup that is kept is removed as well. A manifest whose run the
//! catalog does not know is never touched: that is what a vault looks like to a catalog that was put back from an
//! older copy.
//!
//! The vault is listed first and the catalog asked afterwards: what was at work while listing is spared, and so is what
//! ended only lately, because a worker that was believed dead may be awake for one lease more. What the catalog keeps
//! is never touched, whatever the listing showed: a share that comes up without some of its directories must not cost
//! the keys of what lies in them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use catalog::{ChangeSet, NewBackup, Published, SystemTask};
use domain::{BackupId, RestoreId, SourceId, backups::RunState};
use engine::{
    Retry,
    format::{Owner, keys::Place},
    pipeline::{
        self, physical,
        tenant_restore::{RestorePlace, forget_tenant_restore},
    },
};

use crate::{
    backups::{
        files_job::files_row,
        job::{adopted_split, row_of},
    },
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Objects of one page of the vault's list.
const PAGE: usize = 1000;

/// Removes what never became a backup, and adopts what did.
pub async fn orphans(services: &Arc<Services>) -> Result<Swept, JobError> {
    let attempts = attempts(services).await?;
    if attempts.is_empty() {
        return Ok(Swept::default());
    }
    let spared_ms = services.config.worker.lease_ms.saturating_mul(2);
    let since = services.clock.now().plus_ms(-spared_ms);
    let system = services.catalog.system(SystemTask::Leftovers);
    let at_work: HashSet<_> = system.backups_at_work(since).await?;
    let kept = system.kept_attempts().await?;
    let unrecorded = system.unrecorded_backups(since).await?;
    // Change sets of tenant restores lie like attempts of a backup that has the request's id.
    let changes = system.change_sets(since).await?;
    let mut kept_backups: HashSet<BackupId> = kept.iter().map(|(backup, _)| *backup).collect();
    let (mut count, mut again) = (0, false);
    for (place, is_published) in attempts {
        if let Some(set) = changes.get(&RestoreId::new(place.backup.uuid())) {
            if set.is_planned_now {
                again = true;
            } else if set.kept != Some(place.attempt) {
                forget(services, set, &place).await?;
                count += 1;
            }
            continue;
        }
        if kept.contains(&(place.backup, place.attempt)) {
            if !is_published {
                tracing::warn!(backup.id = %place.backup, attempt = place.attempt, "a backup that is kept has no manifest in the vault; nothing of it is removed");
            }
        } else if at_work.contains(&place.backup) {
            again = true;
        } else if !is_published {
            let removed = pipeline::sweep_attempt(&services.vault, &place).await?;
            if removed > 0 {
                tracing::info!(backup.id = %place.backup, attempt = place.attempt, removed, "an attempt that never became a backup");
            }
            count += removed;
        } else if kept_backups.contains(&place.backup) {
            tracing::info!(backup.id = %place.backup, attempt = place.attempt, "another attempt of this backup is kept; this one is removed");
            pipeline::remove(&services.vault, &place).await?;
            count += 1;
        } else if let Some(found) = unrecorded.get(&place.backup) {
            if found.ended == RunState::Cancelled {
                tracing::info!(backup.id = %place.backup, attempt = place.attempt, "this backup was published when it was cancelled; it is removed");
                system.record_unwanted(*found, place.backup).await?;
                pipeline::remove(&services.vault, &place).await?;
                count += 1;
            } else if adopt(services, *found, &place).await? {
                kept_backups.insert(place.backup);
                // Of several attempts any may have been taken up; the next round knows which.
                again = true;
                count += 1;
            }
        } else {
            tracing::debug!(backup.id = %place.backup, attempt = place.attempt, "the catalog knows no run of this backup; it is left alone");
        }
    }
    let again = again.then(|| Duration::from_millis(spared_ms.unsigned_abs()));
    Ok(Swept { count, again })
}

/// Removes a change set by which nothing will be applied or undone any more: it holds rows.
async fn forget(services: &Arc<Services>, set: &ChangeSet, place: &Place) -> Result<(), JobError> {
    tracing::info!(restore.id = %place.backup, attempt = place.attempt, "what a tenant restore had to compare is of no use any more and is removed");
    let at = RestorePlace { source: place.source, restore: place.backup.uuid(), attempt: place.attempt };
    // Of one that was never finished there may be nothing but its keys, which do not say under which source.
    forget_tenant_restore(&services.vault, &at, &set.tenant).await?;
    Ok(())
}

/// Takes up the backup of a failed run. A damaged one is no recovery point: it stays where it is, unadopted, for
/// somebody to look at.
async fn adopt(services: &Arc<Services>, found: Published, place: &Place) -> Result<bool, JobError> {
    let row = match published(services, place).await {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(false),
        Err(error) if error.retry() == Retry::Never => {
            tracing::warn!(backup.id = %place.backup, error = error.chain(), "a published backup that the catalog does not know cannot be read");
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    tracing::warn!(backup.id = %place.backup, run.id = %found.run_id, "a run failed after it had published its backup; the backup is adopted");
    if let Some(verification) =
        services.catalog.system(SystemTask::Leftovers).adopt_backup(found, row).await?
    {
        services.wake(found.tenant_id, verification, 0).await;
    }
    services.run_changed(found.tenant_id, found.run_id);
    Ok(true)
}

/// What the catalog shall remember of a published backup, whatever took it.
async fn published(services: &Arc<Services>, place: &Place) -> engine::Result<Option<NewBackup>> {
    let (vault, vault_id) = (&services.vault, services.vault_id);
    if physical::is_physical(&pipeline::open_manifest(vault, place).await?) {
        let found = physical::find(vault, &place.owner, place.source, place.backup).await?;
        return Ok(found.map(|(receipt, content)| files_row(vault_id, receipt, content, None)));
    }
    let found = pipeline::find(vault, &place.owner, place.source, place.backup).await?;
    let Some(receipt) = found else { return Ok(None) };
    let split = adopted_split(vault, &receipt).await?;
    Ok(Some(row_of(receipt, split, vault_id)))
}

/// Attempts that have objects, keys or unfinished uploads, each with whether it has a manifest.
async fn attempts(services: &Arc<Services>) -> Result<Vec<(Place, bool)>, JobError> {
    // Keys first: what is published afterwards is seen by its manifest then.
    let keys = names(services, "keys/").await?;
    let mut objects = names(services, "v1/").await?;
    let unfinished = services.vault.storage().unfinished("v1/").await?.unwrap_or_default();
    objects.extend(unfinished.iter().map(|upload| upload.key.to_string()));
    let mut attempts: BTreeMap<(BackupId, u32), (Place, bool)> = BTreeMap::new();
    for object in &objects {
        let Some((attempt, name)) = object.rsplit_once('/') else { continue };
        // The place whose manifest would lie here.
        if let Some(place) = Place::of_manifest(&format!("{attempt}/manifest.json")) {
            let entry = attempts.entry((place.backup, place.attempt)).or_insert((place, false));
            entry.1 |= name == "manifest.json";
        }
    }
    for place in keys.iter().filter_map(|key| of_slots(key)) {
        attempts.entry((place.backup, place.attempt)).or_insert((place, false));
    }
    Ok(attempts.into_values().collect())
}

/// The place of an attempt of which there is nothing but keys. They do not name the source, and there is nothing under
/// it that would have to be found.
fn of_slots(key: &str) -> Option<Place> {
    let mut parts = key.strip_prefix("keys/")?.split('/');
    let (backup, attempt) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Place { owner: Owner::System, source: SourceId::new(uuid::Uuid::nil()), backup, attempt })
}

async fn names(services: &Arc<Services>, prefix: &str) -> Result<Vec<String>, JobError> {
    let (mut names, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = services.vault.storage().list(prefix, after.as_deref(), PAGE).await?;
        names.extend(page.objects.iter().map(|object| object.key.to_string()));
        after = page.next;
        if after.is_none() {
            return Ok(names);
        }
    }
}
