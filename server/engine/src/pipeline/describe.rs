//! What a backup holds, from its sealed index.

use domain::{BackupId, Timestamp, sources::DatabaseName};

use super::{
    DatabaseContent, Vault,
    archive::{Archive, ArchiveOf, open_manifest},
    physical::{self, PhysicalContent},
};
use crate::{Error, Kind, Result, format::keys::Place};

/// A backup in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What read the source, e.g. `mysqldump`.
    pub engine: String,
    /// What an incremental backup continues.
    pub parent: Option<BackupId>,
    /// Name of the database; for the files of a whole server `server` and its id.
    pub database: DatabaseName,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// Family and version of its server.
    pub server: String,
    /// Tables and their rows; in a backup of files with their databases, and rows as far as they were counted.
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
    let manifest = open_manifest(vault, place).await?;
    if physical::is_physical(&manifest) {
        return describe_files(vault, place).await;
    }
    let content = content(vault, place).await?;
    Ok(Description {
        engine: manifest.engine.clone(),
        parent: manifest.parent,
        database: content.database,
        snapshot_at: manifest.coordinate.at,
        server: format!("{} {}", content.server.family, content.server.version),
        tables: content.sums.tables.iter().map(|(name, sum)| (name.clone(), sum.rows)).collect(),
        objects: content.objects.len(),
        plain_bytes: manifest.plain_bytes,
        stored_bytes: manifest.stored_bytes(),
    })
}

async fn describe_files(vault: &Vault, place: &Place) -> Result<Description> {
    let ArchiveOf { manifest, index, .. } = ArchiveOf::<PhysicalContent>::open(vault, place).await?;
    let content = index.content;
    let name = format!("server {}", content.server.server_uuid);
    let database = DatabaseName::new(name).map_err(|error| {
        Error::new(Kind::Format, format!("describe backup {}", place.backup), error.to_string())
    })?;
    let tables = content.databases.iter().flat_map(|database| {
        database.inventory.tables.iter().map(|table| {
            let rows = database.sums.tables.get(&table.name).map_or(0, |sum| sum.rows);
            (format!("{}.{}", database.name, table.name), rows)
        })
    });
    Ok(Description {
        engine: manifest.engine.clone(),
        parent: manifest.parent,
        database,
        snapshot_at: manifest.coordinate.at,
        server: format!("{} {}", content.server.family, content.server.version),
        tables: tables.collect(),
        objects: content.databases.iter().map(|database| database.objects.len()).sum(),
        plain_bytes: manifest.plain_bytes,
        stored_bytes: manifest.stored_bytes(),
    })
}
