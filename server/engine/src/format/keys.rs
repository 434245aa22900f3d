//! Names of objects: one typed function for each, used by writers and readers alike.
//!
//! `v1/{owner}/{source}/{backup}/{attempt}/…`: a new attempt never meets the objects of an old one. The tier of a
//! copy is an attribute of it and never part of a name. Slots lie apart (`keys/…`), as do owners' keys
//! (`keyring/…`), because they are replaced and destroyed while data must not be.

use domain::{BackupId, SourceId};

use super::Owner;
use crate::{Result, storage::ObjectKey};

/// The place of one attempt of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose backup: [`Owner::System`] for one of a whole database.
    pub owner: Owner,
    /// Of which source.
    pub source: SourceId,
    /// Which.
    pub backup: BackupId,
    /// Which attempt, from 1.
    pub attempt: u32,
}

impl Place {
    fn key(&self, name: &str) -> Result<ObjectKey> {
        ObjectKey::new(format!("{}{name}", self.prefix()))
    }
    /// Beginning of the names of this attempt's objects.
    pub fn prefix(&self) -> String {
        format!("{}{}/", self.backup_prefix(), self.attempt)
    }
    /// Beginning of the names of all attempts' objects.
    pub fn backup_prefix(&self) -> String {
        format!("v1/{}/{}/{}/", self.owner, self.source, self.backup)
    }
    /// A pack.
    pub fn pack(&self, number: u32) -> Result<ObjectKey> {
        self.key(&format!("data-{number:05}.pack"))
    }
    /// The sealed index.
    pub fn index(&self) -> Result<ObjectKey> {
        self.key("index.pack")
    }
    /// The manifest.
    pub fn manifest(&self) -> Result<ObjectKey> {
        self.key("manifest.json")
    }
    /// The signed list of what a change set of a tenant's restore consists of. Not a manifest: it is no backup.
    pub fn changes(&self) -> Result<ObjectKey> {
        self.key("changes.json")
    }
    /// A generation of the slot bundle.
    pub fn slots(&self, generation: u32) -> Result<ObjectKey> {
        ObjectKey::new(format!("{}{generation:06}.slots", self.slots_prefix()))
    }
    /// Beginning of the names of all generations, in order.
    pub fn slots_prefix(&self) -> String {
        format!("keys/{}/{}/", self.backup, self.attempt)
    }
    /// The place whose manifest has this name, if it is one.
    pub fn of_manifest(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("v1/")?.strip_suffix("/manifest.json")?.split('/');
        let place = Self {
            owner: parts.next()?.parse().ok()?,
            source: parts.next()?.parse().ok()?,
            backup: parts.next()?.parse().ok()?,
            attempt: parts.next()?.parse().ok()?,
        };
        (parts.next().is_none() && place.manifest().is_ok_and(|made| made.as_str() == key)).then_some(place)
    }
}

/// A version of an owner's key.
pub fn owner_key(owner: &Owner, purpose: &str, version: u32) -> Result<ObjectKey> {
    ObjectKey::new(format!("{}{version:06}.json", owner_keys_prefix(owner, purpose)))
}

/// Beginning of the names of all versions of an owner's key, in order.
pub fn owner_keys_prefix(owner: &Owner, purpose: &str) -> String {
    format!("keyring/{owner}/{purpose}-")
}

/// A signed head of the audit trail.
pub fn audit_head(number: u64) -> Result<ObjectKey> {
    ObjectKey::new(format!("audit/heads/{number:012}.json"))
}

/// Says which installation the vault belongs to.
pub fn installation() -> Result<ObjectKey> {
    ObjectKey::new("installation.json")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use domain::id::Id;

    use super::*;

    #[test]
    fn a_manifest_name_leads_back_to_its_place_and_nothing_else_does() {
        let place = Place {
            owner: Owner::Tenant("7".into()),
            source: Id::new(uuid::Uuid::from_u128(1)),
            backup: Id::new(uuid::Uuid::from_u128(2)),
            attempt: 3,
        };
        let key = place.manifest().unwrap().to_string();
        assert_eq!(Place::of_manifest(&key), Some(place));
        for other in [
            key.replace("/3/", "/03/"),
            key.replace("tenant-7", "tenant-"),
            key.replace("v1", "v2"),
            format!("{key}/manifest.json"),
            key.to_uppercase(),
        ] {
            assert_eq!(Place::of_manifest(&other), None, "{other}");
        }
    }
}
