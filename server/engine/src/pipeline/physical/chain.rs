//! A full backup and the increments on top of it.
//!
//! An increment alone is worth nothing. Before anything is unpacked, every link is opened and must fit: the parent
//! exists and is genuine, is of the same server, and its log ends exactly where the next one begins.

use domain::{BackupId, SourceId};

use super::content::PhysicalContent;
use crate::{
    Error, Kind, Result,
    format::{Owner, keys::Place, manifest::Manifest},
    pipeline::{
        Vault,
        archive::{ArchiveOf, open_manifest},
    },
};

/// More links than this were made by no schedule.
const LONGEST: usize = 1000;

/// One backup of a chain.
pub(super) struct Link {
    pub place: Place,
    pub archive: ArchiveOf<PhysicalContent>,
}

/// The chain that ends with the backup at `place`, the full one first.
pub(super) async fn open(vault: &Vault, place: &Place) -> Result<Vec<Link>> {
    let broken = |message: String| {
        Error::new(Kind::Input, format!("open the chain of backup {}", place.backup), message).hint(
            "An incremental backup needs all its parents. Use an older one, or another copy of the vault.",
        )
    };
    let mut links = vec![link(vault, place.clone()).await?];
    while let Some(newest) = links.last() {
        let (child, log) = (&newest.archive.manifest, newest.archive.index.content.log);
        if child.parent != newest.archive.index.content.parent {
            return Err(Error::new(
                Kind::Integrity,
                format!("open the chain of backup {}", place.backup),
                format!("the manifest and the index of {} name different parents", child.backup),
            ));
        }
        let Some(parent) = child.parent else {
            if log.from != 0 {
                return Err(broken(format!("{} is incremental and names no parent", child.backup)));
            }
            break;
        };
        if links.len() >= LONGEST || links.iter().any(|link| link.place.backup == parent) {
            return Err(broken(format!("{} has parents without end", child.backup)));
        }
        let found = published(vault, &place.owner, place.source, parent).await?;
        let Some(found) = found else {
            return Err(broken(format!(
                "{} continues backup {parent}, which is not in the vault",
                child.backup
            )));
        };
        let next = link(vault, found).await?;
        let content = &next.archive.index.content;
        if content.log.to != log.from {
            return Err(broken(format!(
                "{} begins at log position {}, and its parent {parent} ends at {}",
                child.backup, log.from, content.log.to
            )));
        }
        if content.server.server_uuid != newest.archive.index.content.server.server_uuid {
            return Err(broken(format!("{} and its parent {parent} are of different servers", child.backup)));
        }
        links.push(next);
    }
    links.reverse();
    Ok(links)
}

async fn link(vault: &Vault, place: Place) -> Result<Link> {
    let archive = ArchiveOf::open(vault, &place).await?;
    Ok(Link { place, archive })
}

/// The manifests of the chain that ends with the backup at `place`, the full one first.
pub async fn chain_of(vault: &Vault, place: &Place) -> Result<Vec<Manifest>> {
    Ok(open(vault, place).await?.into_iter().map(|link| link.archive.manifest).collect())
}

/// Where the published attempt of a backup lies.
pub(super) async fn published(
    vault: &Vault,
    owner: &Owner,
    source: SourceId,
    backup: BackupId,
) -> Result<Option<Place>> {
    let any = Place { owner: owner.clone(), source, backup, attempt: 0 };
    let page = vault.storage().list(&any.backup_prefix(), None, 1000).await?;
    let mut after = page.next;
    let mut found = page.objects.iter().find_map(|object| Place::of_manifest(object.key.as_str()));
    while let (None, Some(from)) = (&found, after) {
        let page = vault.storage().list(&any.backup_prefix(), Some(&from), 1000).await?;
        found = page.objects.iter().find_map(|object| Place::of_manifest(object.key.as_str()));
        after = page.next;
    }
    Ok(found)
}

/// The newest physical backup of a source.
pub async fn newest(vault: &Vault, source: SourceId) -> Result<Option<Place>> {
    let places = crate::pipeline::list(vault).await?;
    for place in
        places.into_iter().rev().filter(|place| place.source == source && place.owner == Owner::System)
    {
        if super::is_physical(&open_manifest(vault, &place).await?) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}
