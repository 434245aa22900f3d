//! Which backups a vault holds, from the vault alone.

use super::Vault;
use crate::{Result, format::keys::Place};

/// Every backup that has a manifest, oldest first. Their signatures are not checked here.
pub async fn list(vault: &Vault) -> Result<Vec<Place>> {
    let (mut places, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = vault.storage().list("v1/", after.as_deref(), 1000).await?;
        places.extend(page.objects.iter().filter_map(|object| Place::of_manifest(object.key.as_str())));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    places.sort_by_key(|place| (place.backup, place.attempt));
    Ok(places)
}
