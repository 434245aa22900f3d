//! Reads every byte of a backup and checks it, without any database.

use domain::backups::Progress;
use tokio::io::AsyncReadExt;

use super::{
    Control, Vault,
    archive::{Archive, ArchiveOf, open_manifest},
    physical::{self, PhysicalContent},
    reader,
};
use crate::{Error, Result, format::keys::Place, storage};

/// What a check found: everything it names is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Plain bytes that were decrypted, decompressed and hashed.
    pub plain_bytes: u64,
    /// Stored bytes that were read.
    pub stored_bytes: u64,
    /// Frames that were authenticated.
    pub frames: u64,
}

/// Decrypts everything and compares every hash. Any damage is an error of kind `integrity`.
pub async fn check(vault: &Vault, place: &Place, control: &Control) -> Result<CheckReport> {
    let manifest = open_manifest(vault, place).await?;
    let mut plain = if physical::is_physical(&manifest) {
        reader::one_segment(vault, place, ArchiveOf::<PhysicalContent>::open(vault, place).await?)?
    } else {
        reader::plain(vault, place, Archive::open(vault, place).await?).await?
    };
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0u64);
    loop {
        control.stop_if_cancelled("check the backup")?;
        let length = plain
            .read(&mut buffer)
            .await
            .map_err(|error| storage::while_reading("check the backup", error))?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        (control.progress)(Progress {
            phase: "check".into(),
            bytes,
            bytes_expected: Some(manifest.plain_bytes),
            ..Progress::default()
        });
    }
    if bytes != manifest.plain_bytes {
        let message = format!("{bytes} of {} plain bytes came back", manifest.plain_bytes);
        return Err(Error::new(crate::Kind::Integrity, "check the backup", message));
    }
    Ok(CheckReport { plain_bytes: bytes, stored_bytes: manifest.stored_bytes(), frames: manifest.frames })
}
