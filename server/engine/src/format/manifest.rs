//! The manifest: what a backup consists of, in clear and signed. Without it there is no backup.
//!
//! Canonical JSON: keys sorted, no white space, UTF-8. It holds ids, sizes, hashes of ciphertext, versions and the
//! coordinate; no key, no name of a database or table, no hash of plain data.

use domain::{BackupId, InstallationId, SourceId, Timestamp, sources::Coordinate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Codec, Owner, keys::Place};
use crate::{
    Error, Kind, Result,
    seal::signing::{self, ManifestSigner},
};

/// An object of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectRef {
    /// Its name.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Version under which the store keeps it, if it keeps versions.
    pub version: Option<String>,
}

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `HFA1`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// Who wrote it.
    pub installation: InstallationId,
    /// Whose backup.
    pub owner: Owner,
    /// Of which source.
    pub source: SourceId,
    /// Which backup.
    pub backup: BackupId,
    /// Which attempt of it succeeded.
    pub attempt: u32,
    /// `full`, or `incremental` on top of `parent`.
    pub kind: String,
    /// What an incremental backup continues; full ones have none, and none in their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BackupId>,
    /// What read the source, e.g. `mysqldump`.
    pub engine: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Where the source stood; replay continues from here.
    pub coordinate: Coordinate,
    /// Version of the server it was taken from.
    pub server_version: String,
    /// Version of the client program.
    pub client_version: String,
    /// Version of Holdfast.
    pub holdfast_version: String,
    /// How blocks are compressed.
    pub codec: Codec,
    /// Plain bytes in all.
    pub plain_bytes: u64,
    /// Frames in all.
    pub frames: u64,
    /// Segments in all.
    pub segments: u32,
    /// Packs, in order.
    pub packs: Vec<ObjectRef>,
    /// The sealed index.
    pub index: ObjectRef,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    manifest: Manifest,
    public_key: String,
    signature: String,
}

/// Writes a value as canonical JSON.
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    // Through `Value`, whose objects are sorted maps.
    serde_json::to_value(value)
        .and_then(|value| serde_json::to_vec(&value))
        .map_err(|error| Error::new(Kind::Format, "write canonical JSON", "encoding failed").caused_by(error))
}

impl Manifest {
    /// The place it describes.
    pub fn place(&self) -> Place {
        Place { owner: self.owner.clone(), source: self.source, backup: self.backup, attempt: self.attempt }
    }
    /// Stored bytes of packs and index.
    pub fn stored_bytes(&self) -> u64 {
        self.packs.iter().map(|pack| pack.size).sum::<u64>() + self.index.size
    }
    /// Signed, as it is stored.
    pub fn sign(&self, signer: &ManifestSigner) -> Result<Vec<u8>> {
        let signature = hex::encode(signer.sign(&canonical(self)?));
        canonical(&Signed { manifest: self.clone(), public_key: hex::encode(signer.public()), signature })
    }
    /// Reads and checks a manifest: the signature must be that of `public`, and the place the one that was asked for.
    pub fn open(bytes: &[u8], place: &Place, public: &[u8; 32]) -> Result<Self> {
        let refused = |what: &str| {
            Error::new(Kind::Integrity, format!("open the manifest of backup {}", place.backup), what)
                .hint("The manifest was altered or does not belong to this installation. Use another copy.")
        };
        let signed: Signed =
            serde_json::from_slice(bytes).map_err(|error| refused("it is damaged").caused_by(error))?;
        if canonical(&signed)? != bytes {
            return Err(refused("it is not written canonically"));
        }
        let manifest = signed.manifest;
        if manifest.format != "HFA1" || manifest.version != u32::from(super::VERSION) {
            return Err(
                refused("it is of a format that this program does not know").hint("Use a newer Holdfast.")
            );
        }
        let signature = unhex(&signed.signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let genuine = signed.public_key == hex::encode(public)
            && signature.is_some_and(|signature| {
                canonical(&manifest).is_ok_and(|message| signing::verify(public, &message, &signature))
            });
        if !genuine {
            return Err(refused("its signature is not that of this installation"));
        }
        if manifest.place() != *place {
            return Err(refused("it is genuine, but of another backup or attempt"));
        }
        Ok(manifest)
    }
}

/// Reads hex as it is written here: lower case only, so that one value has one spelling.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
