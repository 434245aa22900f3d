//! Removes what attempts left in the vault that never became a backup.
//!
//! An attempt without manifest belongs to nobody once its run is over. The vault is listed first and the catalog asked
//! afterwards: what was at work while listing is spared, and so is what ended only lately, because a worker that was
//! believed dead may be awake for one lease more.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use catalog::SystemTask;
use engine::{format::keys::Place, pipeline};

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// Objects of one page of the vault's list.
const PAGE: usize = 1000;

/// Removes them.
pub async fn orphans(services: &Arc<Services>) -> Result<Swept, JobError> {
    let attempts = unpublished(services).await?;
    if attempts.is_empty() {
        return Ok(Swept::default());
    }
    let spared_ms = services.config.worker.lease_ms.saturating_mul(2);
    let since = services.clock.now().plus_ms(-spared_ms);
    let at_work: HashSet<_> = services.catalog.system(SystemTask::Dispatch).backups_at_work(since).await?;
    let (mut count, mut spared) = (0, false);
    for place in attempts {
        if at_work.contains(&place.backup) {
            spared = true;
            continue;
        }
        let removed = pipeline::sweep_attempt(&services.vault, &place).await?;
        if removed > 0 {
            tracing::info!(backup.id = %place.backup, attempt = place.attempt, removed, "an attempt that never became a backup");
        }
        count += removed;
    }
    let again = spared.then(|| Duration::from_millis(spared_ms.unsigned_abs()));
    Ok(Swept { count, again })
}

/// Attempts that have objects, keys or unfinished uploads, and no manifest.
async fn unpublished(services: &Arc<Services>) -> Result<Vec<Place>, JobError> {
    let storage = services.vault.storage();
    // By the beginning of their keys; true if there is a manifest.
    let mut attempts: BTreeMap<String, (Place, bool)> = BTreeMap::new();
    let mut after = None::<String>;
    loop {
        let page = storage.list("v1/", after.as_deref(), PAGE).await?;
        for object in &page.objects {
            note(&mut attempts, object.key.as_str());
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for upload in storage.unfinished("v1/").await?.unwrap_or_default() {
        note(&mut attempts, upload.key.as_str());
    }
    Ok(attempts.into_values().filter(|(_, published)| !published).map(|(place, _)| place).collect())
}

fn note(attempts: &mut BTreeMap<String, (Place, bool)>, key: &str) {
    let Some((attempt, name)) = key.rsplit_once('/') else { return };
    // The place whose manifest would lie here.
    if let Some(place) = Place::of_manifest(&format!("{attempt}/manifest.json")) {
        attempts.entry(attempt.to_owned()).or_insert((place, false)).1 |= name == "manifest.json";
    }
}
