//! Slots: the data keys of a backup, each wrapped by its owner's key.
//!
//! They lie in one small object beside the backup, numbered by generation: when an owner's key is rotated a new
//! generation is written and the data stays untouched, and when they are destroyed the data is unreadable even
//! where it cannot be deleted.

use domain::BackupId;
use serde::{Deserialize, Serialize};

use super::{Owner, keys::Place, manifest::unhex};
use crate::{
    Error, Kind, Result,
    seal::{Secret, aead, keyring::OwnerKey},
};

/// One wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its number; segment headers refer to it.
    pub id: u32,
    /// Whose.
    pub owner: Owner,
    /// Version of the owner's key that wraps it.
    pub key_version: u32,
    /// Nonce, ciphertext and tag, in hex.
    pub wrapped: String,
}

/// All slots of one attempt of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotBundle {
    /// `HFA1 slots`.
    pub format: String,
    /// Of which backup.
    pub backup: BackupId,
    /// Of which attempt.
    pub attempt: u32,
    /// Which generation, from 1.
    pub generation: u32,
    /// The slots.
    pub slots: Vec<Slot>,
}

const FORMAT: &str = "HFA1 slots";

fn aad(place: &Place, slot: u32, owner: &Owner) -> Vec<u8> {
    format!("HFA1 slot|{slot}|{owner}|{}|{}|AES-256-GCM", place.backup, place.attempt).into_bytes()
}

impl Slot {
    /// A fresh data key in a slot.
    pub fn create(place: &Place, id: u32, owner: &Owner, key: &OwnerKey) -> Result<(Self, Secret)> {
        let data_key = Secret::random()?;
        let wrapped = aead::wrap(&key.secret, &aad(place, id, owner), data_key.expose())?;
        Ok((
            Self { id, owner: owner.clone(), key_version: key.version, wrapped: hex::encode(wrapped) },
            data_key,
        ))
    }
    /// The data key in it.
    pub fn open(&self, place: &Place, key: &OwnerKey) -> Result<Secret> {
        let refused = || {
            Error::new(
                Kind::Key,
                format!("open slot {} of backup {}", self.id, place.backup),
                "the key does not fit, or the slot was altered",
            )
        };
        let wrapped = unhex(&self.wrapped).ok_or_else(refused)?;
        let plain =
            aead::unwrap(&key.secret, &aad(place, self.id, &self.owner), &wrapped).ok_or_else(refused)?;
        Secret::from_slice(&plain)
    }
}

impl SlotBundle {
    /// A first generation.
    pub fn new(place: &Place, slots: Vec<Slot>) -> Self {
        Self { format: FORMAT.into(), backup: place.backup, attempt: place.attempt, generation: 1, slots }
    }
    /// As it is stored.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| {
            Error::new(Kind::Format, "write a slot bundle", "encoding failed").caused_by(error)
        })
    }
    /// Reads a bundle that must be of `place`.
    pub fn decode(bytes: &[u8], place: &Place) -> Result<Self> {
        let refused = |what: &str| Error::new(Kind::Integrity, "read a slot bundle", what);
        let bundle: Self =
            serde_json::from_slice(bytes).map_err(|error| refused("it is damaged").caused_by(error))?;
        if bundle.format != FORMAT || bundle.backup != place.backup || bundle.attempt != place.attempt {
            return Err(refused("it is of another backup, attempt or format"));
        }
        if bundle.encode()? != bytes {
            return Err(refused("it is not written as this program writes it"));
        }
        Ok(bundle)
    }
    /// The slot of an owner.
    pub fn of(&self, owner: &Owner) -> Result<&Slot> {
        self.slots.iter().find(|slot| slot.owner == *owner).ok_or_else(|| {
            Error::new(
                Kind::Key,
                format!("find the key of {owner}"),
                "this backup has no slot for this owner",
            )
        })
    }
}
