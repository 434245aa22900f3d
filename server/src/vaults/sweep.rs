//! Removes what attempts left in the vault that never became a backup.
//!
//! An attempt without manifest belongs to nobody once its run is over. The vault is listed first and the catalog asked
//! afterwards: what was at work while listing is spared, and so is what ended only lately, because a worker that was
//! believed dead may be awake for one lease more. What the catalog keeps is never touched, whatever the listing showed:
//! a share that comes up without some of its directories must not cost the keys of what lies in them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use catalog::SystemTask;
use domain::{BackupId, SourceId, Timestamp};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{self, physical},
};

use crate::{
    services::Services,
    work::{job::JobError, sweeps::Swept},
};

/// A physical backup is made from a command line, and no run of the catalog answers for it. For so long after it began
/// it is spared.
const PHYSICAL: Duration = Duration::from_secs(48 * 3600);

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
    let kept = services.catalog.system(SystemTask::Dispatch).kept_attempts().await?;
    let (mut count, mut spared) = (0, false);
    for place in attempts {
        if kept.contains(&(place.backup, place.attempt)) {
            tracing::warn!(backup.id = %place.backup, attempt = place.attempt, "a backup that is kept has no manifest in the vault; nothing of it is removed");
            continue;
        }
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
    // Keys first: what is published afterwards is seen by its manifest then.
    let keys = names(services, "keys/").await?;
    let mut objects = names(services, "v1/").await?;
    let unfinished = services.vault.storage().unfinished("v1/").await?.unwrap_or_default();
    objects.extend(unfinished.iter().map(|upload| upload.key.to_string()));
    let mut attempts: BTreeMap<(BackupId, u32), (Place, bool)> = BTreeMap::new();
    let since = services.clock.now().plus_ms(-i64::try_from(PHYSICAL.as_millis()).unwrap_or(i64::MAX));
    for object in &objects {
        let Some((attempt, name)) = object.rsplit_once('/') else { continue };
        // The place whose manifest would lie here.
        if let Some(place) = Place::of_manifest(&format!("{attempt}/manifest.json")) {
            let entry = attempts.entry((place.backup, place.attempt)).or_insert((place, false));
            entry.1 |= name == "manifest.json" || (name == physical::MARKER && began(entry.0.backup) > since);
        }
    }
    for place in keys.iter().filter_map(|key| of_slots(key)) {
        attempts.entry((place.backup, place.attempt)).or_insert((place, false));
    }
    Ok(attempts.into_values().filter(|(_, published)| !published).map(|(place, _)| place).collect())
}

/// When a backup began: its id says so.
fn began(backup: BackupId) -> Timestamp {
    let at = backup.uuid().get_timestamp().map_or((0, 0), |at| at.to_unix());
    Timestamp(
        i64::try_from(at.0).unwrap_or(0).saturating_mul(1000).saturating_add(i64::from(at.1 / 1_000_000)),
    )
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
