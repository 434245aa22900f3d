//! What a backup holds, from its sealed index.

use domain::{Timestamp, sources::DatabaseName};

use super::{DatabaseContent, Vault, archive::Archive};
use crate::{Result, format::keys::Place};

/// A backup in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the database.
    pub database: DatabaseName,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Family and version of its server.
    pub server: String,
    /// Tables and their rows.
    pub tables: Vec<(String, u64)>,
    /// Views, triggers, routines and events.
    pub objects: usize,
    /// Plain bytes.
    pub plain_bytes: u64,
    /// Stored bytes.
    pub stored_bytes: u64,
}

/// What the index of a backup remembers, the sums of whole tables included.
pub async fn content(vault: &Vault, place: &Place) -> Result<DatabaseContent> {
    let mut archive = Archive::open(vault, place).await?;
    archive.add_up(vault, place).await?;
    Ok(archive.index.content)
}

/// Opens the index of a backup; its data is not read.
pub async fn describe(vault: &Vault, place: &Place) -> Result<Description> {
    let manifest = super::open_manifest(vault, place).await?;
    let content = content(vault, place).await?;
    Ok(Description {
        database: content.database,
        snapshot_at: manifest.coordinate.at,
        server: format!("{} {}", content.server.family, content.server.version),
        tables: content.sums.tables.iter().map(|(name, sum)| (name.clone(), sum.rows)).collect(),
        objects: content.objects.len(),
        plain_bytes: manifest.plain_bytes,
        stored_bytes: manifest.stored_bytes(),
    })
}
