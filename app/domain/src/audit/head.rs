//! What is new in all chains, under one signed root.
//!
//! ```text
//! mark = "holdfast audit mark 1\0" ‖ chain ‖ first:u64 ‖ last:u64 ‖ previous:32 ‖ hash:32 ‖ entries:32
//! head = "holdfast audit head 1\0" ‖ installation:16 ‖ number:u64 ‖ at:i64 ‖ leaves:u64 ‖ root:32 ‖ previous:32
//! ```
//!
//! A mark says of one chain which entries are new since its last mark, where the chain stood before and stands now, and
//! the root of a tree over the hashes of those entries (each a leaf's data). A head's root is over the marks, in the
//! order of their chains. The head is signed with the installation's signing key, the same that signs manifests: those
//! begin with `{`, so neither can be taken for the other. A head's `previous` is the SHA-256 of the bytes of the head
//! before it, and zeros for the first.

use serde::{Deserialize, Serialize};

use super::{
    chain::{Chain, Link},
    hash::Hash,
    tree,
};
use crate::{InstallationId, Timestamp};

/// One chain's new entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose.
    pub chain: Chain,
    /// The first new entry.
    pub first: u64,
    /// The last new entry.
    pub last: u64,
    /// The chain before the first.
    pub previous: Hash,
    /// The chain after the last.
    pub hash: Hash,
    /// Root over the hashes of the new entries.
    pub entries: Hash,
}

impl Mark {
    /// Of entries that follow `before`, by their hashes. Nothing if there are none.
    pub fn over(chain: Chain, before: Link, hashes: &[Hash]) -> Option<Self> {
        let hash = *hashes.last()?;
        let leaves: Vec<_> = hashes.iter().map(|hash| tree::leaf(&hash.0)).collect();
        Some(Self {
            chain,
            first: before.sequence.saturating_add(1),
            last: before.sequence.saturating_add(hashes.len() as u64),
            previous: before.hash,
            hash,
            entries: tree::root(&leaves),
        })
    }
    /// Its hash as a leaf of the head's tree.
    pub fn leaf(&self) -> Hash {
        let mut data = b"holdfast audit mark 1\0".to_vec();
        self.chain.write(&mut data);
        data.extend_from_slice(&self.first.to_be_bytes());
        data.extend_from_slice(&self.last.to_be_bytes());
        for hash in [self.previous, self.hash, self.entries] {
            data.extend_from_slice(&hash.0);
        }
        tree::leaf(&data)
    }
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// Whose trail.
    pub installation: InstallationId,
    /// Which head, from 1, without gaps.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Chains that had something new.
    pub leaves: u64,
    /// Root over their marks.
    pub root: Hash,
    /// Hash of the head before it.
    pub previous: Hash,
}

impl TreeHead {
    /// The head that follows `before` and covers these marks, which are put in the order of their chains.
    pub fn over(
        installation: InstallationId,
        before: Option<&Self>,
        at: Timestamp,
        marks: &mut [Mark],
    ) -> Self {
        marks.sort_by_key(|mark| mark.chain);
        let leaves: Vec<_> = marks.iter().map(Mark::leaf).collect();
        Self {
            installation,
            number: before.map_or(1, |before| before.number.saturating_add(1)),
            at,
            leaves: leaves.len() as u64,
            root: tree::root(&leaves),
            previous: before.map_or(Hash::ZERO, Self::hash),
        }
    }
    /// What the signature is under.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"holdfast audit head 1\0".to_vec();
        bytes.extend_from_slice(self.installation.uuid().as_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.at.0.to_be_bytes());
        bytes.extend_from_slice(&self.leaves.to_be_bytes());
        bytes.extend_from_slice(&self.root.0);
        bytes.extend_from_slice(&self.previous.0);
        bytes
    }
    /// By which the next one names it.
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.bytes()])
    }
}
