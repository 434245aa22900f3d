//! Whose data it is, and of what: authenticated with every frame.
//!
//! A reader passes the context that it expects. "Whatever the header says" exists only where a person inspects a
//! vault: bytes that are genuine but belong to another owner, backup or attempt are as wrong as altered ones.

use std::{fmt, str::FromStr};

use domain::{BackupId, InstallationId, SourceId};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// To whom a segment belongs: one owner, one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// The installation: a backup of everything.
    System,
    /// Reference data that several tenants use.
    Shared,
    /// One tenant of the protected database.
    Tenant(String),
}

impl fmt::Display for Owner {
    /// `system`, `shared` or `tenant-7`: also the name of the owner's directory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Shared => f.write_str("shared"),
            Self::Tenant(id) => write!(f, "tenant-{id}"),
        }
    }
}

impl FromStr for Owner {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "system" => Ok(Self::System),
            "shared" => Ok(Self::Shared),
            _ => {
                let id = text.strip_prefix("tenant-").filter(|id| {
                    (1..=64).contains(&id.len())
                        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                });
                let refused = || {
                    Error::new(
                        Kind::Format,
                        "read an owner",
                        "neither system, shared nor tenant-… with at most 64 letters and digits",
                    )
                };
                id.map(|id| Self::Tenant(id.to_owned())).ok_or_else(refused)
            }
        }
    }
}

impl TryFrom<String> for Owner {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

/// How blocks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// Zstandard (RFC 8878). The default.
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Codec {
    /// How it is written.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
    /// The codec written as `key`.
    pub fn find(key: &str) -> Option<Self> {
        match key {
            "zstd" => Some(Self::Zstd),
            "gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Data.
    Data,
    /// An owner's part of the index.
    Index,
}

impl SegmentKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
        }
    }
}

/// Everything that a segment is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The installation that wrote it.
    pub installation: InstallationId,
    /// Whose it is.
    pub owner: Owner,
    /// Of which source.
    pub source: SourceId,
    /// What it holds.
    pub kind: SegmentKind,
    /// Of which backup.
    pub backup: BackupId,
    /// Of which attempt, counted from 1.
    pub attempt: u32,
    /// Its number in the backup, counted from 0.
    pub segment: u32,
    /// How its blocks are compressed.
    pub codec: Codec,
    /// Which slot holds its data key.
    pub slot: u32,
}

/// The same as it is written: a CBOR map with ascending integer keys and definite lengths.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Wire<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    installation: [u8; 16],
    #[b(1)]
    owner: &'a str,
    #[cbor(n(2), with = "minicbor::bytes")]
    source: [u8; 16],
    #[b(3)]
    kind: &'a str,
    #[cbor(n(4), with = "minicbor::bytes")]
    backup: [u8; 16],
    #[n(5)]
    attempt: u32,
    #[n(6)]
    segment: u32,
    #[b(7)]
    codec: &'a str,
    #[n(8)]
    slot: u32,
}

impl Context {
    /// Canonical bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let owner = self.owner.to_string();
        let wire = Wire {
            installation: *self.installation.uuid().as_bytes(),
            owner: &owner,
            source: *self.source.uuid().as_bytes(),
            kind: self.kind.key(),
            backup: *self.backup.uuid().as_bytes(),
            attempt: self.attempt,
            segment: self.segment,
            codec: self.codec.key(),
            slot: self.slot,
        };
        minicbor::to_vec(wire).map_err(|error| {
            Error::new(Kind::Format, "write a segment's context", "encoding failed").caused_by(error)
        })
    }
    /// Reads canonical bytes; anything else is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let refused = |what: &str| Error::new(Kind::Format, "read a segment's context", what);
        let wire: Wire =
            minicbor::decode(bytes).map_err(|_| refused("it is not the CBOR map that it should be"))?;
        let context = Self {
            installation: InstallationId::new(uuid::Uuid::from_bytes(wire.installation)),
            owner: wire.owner.parse()?,
            source: SourceId::new(uuid::Uuid::from_bytes(wire.source)),
            kind: match wire.kind {
                "data" => SegmentKind::Data,
                "index" => SegmentKind::Index,
                _ => return Err(refused("it is of an unknown kind")),
            },
            backup: BackupId::new(uuid::Uuid::from_bytes(wire.backup)),
            attempt: wire.attempt,
            segment: wire.segment,
            codec: Codec::find(wire.codec).ok_or_else(|| refused("it is compressed in an unknown way"))?,
            slot: wire.slot,
        };
        if context.encode()? == bytes { Ok(context) } else { Err(refused("it is not canonical")) }
    }
}
