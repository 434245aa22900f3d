//! Removes backups, and what attempts left that never became one.

use super::Vault;
use crate::{Result, format::keys::Place};

/// Removes a backup: its manifest first, so that an interrupted removal leaves no backup that looks whole; its
/// keys next, so that what cannot be removed cannot be read; then the data. Repeating it is harmless.
pub async fn remove(vault: &Vault, place: &Place) -> Result<()> {
    vault.storage().delete(&place.manifest()?).await?;
    delete_all(vault, &place.slots_prefix()).await?;
    delete_all(vault, &place.prefix()).await?;
    Ok(())
}

/// Removes what an attempt left that was never published, unfinished uploads included; says how many objects.
/// Does nothing if the attempt has a manifest, or is a change set by which a tenant's restore is applied and undone.
/// The caller answers for nobody being at work on it.
pub async fn sweep_attempt(vault: &Vault, place: &Place) -> Result<u64> {
    for published in [place.manifest()?, place.changes()?] {
        if vault.storage().head(&published, None).await?.is_some() {
            return Ok(0);
        }
    }
    let unfinished = vault.storage().abort_unfinished(&place.prefix()).await?.unwrap_or(0);
    let objects = delete_all(vault, &place.prefix()).await?;
    let slots = delete_all(vault, &place.slots_prefix()).await?;
    Ok(unfinished as u64 + objects + slots)
}

async fn delete_all(vault: &Vault, prefix: &str) -> Result<u64> {
    let mut deleted = 0;
    loop {
        let page = vault.storage().list(prefix, None, 1000).await?;
        if page.objects.is_empty() {
            return Ok(deleted);
        }
        for object in page.objects {
            vault.storage().delete(&object.key).await?;
            deleted += 1;
        }
    }
}
