//! The chain: every entry's hash covers the one before it.
//!
//! ```text
//! start = SHA-256("holdfast audit chain 1\0" ‖ chain)
//! hash  = SHA-256("holdfast audit entry 1\0" ‖ previous:32 ‖ sequence:u64 ‖ event)
//! ```
//!
//! `chain` is written as in an event ([`super::encoding`]). What stands before the event has a fixed length, so no two
//! entries are the same bytes. Chains of two organisations have nothing in common, not even their start.

use std::fmt;

use super::hash::Hash;
use crate::TenantId;

/// Whose trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// The installation's: signing in, setting up, what belongs to no organisation.
    Platform,
    /// An organisation's.
    Tenant(TenantId),
}

impl Chain {
    /// How the installation's chain is stored where others have their organisation.
    pub const PLATFORM: &'static str = "platform";

    /// How it is stored.
    pub fn key(self) -> String {
        match self {
            Self::Platform => Self::PLATFORM.to_owned(),
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }
    /// The chain stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        if key == Self::PLATFORM { Some(Self::Platform) } else { key.parse().ok().map(Self::Tenant) }
    }
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Platform => out.push(0),
            Self::Tenant(tenant) => {
                out.push(1);
                out.extend_from_slice(tenant.uuid().as_bytes());
            }
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// Where a chain stands: the number and hash of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Entries so far; the first is number 1.
    pub sequence: u64,
    /// Hash of the last one, or the chain's start.
    pub hash: Hash,
}

impl Link {
    /// Before the first entry.
    pub fn start(chain: Chain) -> Self {
        let mut name = Vec::with_capacity(17);
        chain.write(&mut name);
        Self { sequence: 0, hash: Hash::of(&[b"holdfast audit chain 1\0", &name]) }
    }
    /// After one more entry.
    #[must_use]
    pub fn next(self, event: &[u8]) -> Self {
        let sequence = self.sequence.saturating_add(1);
        let pieces: [&[u8]; 4] = [b"holdfast audit entry 1\0", &self.hash.0, &sequence.to_be_bytes(), event];
        Self { sequence, hash: Hash::of(&pieces) }
    }
}
