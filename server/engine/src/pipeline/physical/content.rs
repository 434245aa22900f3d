//! What the sealed index of a physical backup remembers.

use std::collections::BTreeMap;

use domain::BackupId;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Kind, Result,
    format::manifest::Manifest,
    pipeline::archive::Content,
    source::{
        Proof,
        inventory::ServerFacts,
        mysql::physical::{checkpoints::LogPositions, witness::DatabaseFacts},
    },
};

/// Everything needed to restore a server's files and to say what is proven of them. It is sealed as JSON: new fields
/// need `#[serde(default)]`, and none may change its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhysicalContent {
    /// The server.
    pub server: ServerFacts,
    /// Where it kept its files.
    pub data_directory: String,
    /// What an incremental backup continues.
    pub parent: Option<BackupId>,
    /// Positions in InnoDB's log.
    pub log: LogPositions,
    /// Settings without which no server opens these files, by name.
    pub settings: BTreeMap<String, String>,
    /// Whether no definition changed while it was copied. If some did, the inventory is that of the end.
    pub settled: bool,
    /// What a comparison with the sums proves; without sums only that the copy is whole in itself.
    pub proof: Proof,
    /// Seed of the sums: a secret, so that a hash in an index confirms no guess.
    pub seed: u64,
    /// Every database but the server's own.
    pub databases: Vec<DatabaseFacts>,
    /// What limits it, in words for people.
    pub notes: Vec<String>,
}

impl Content for PhysicalContent {
    fn accept(manifest: &Manifest) -> Result<()> {
        if super::is_physical(manifest) {
            return Ok(());
        }
        Err(Error::new(
            Kind::Input,
            format!("open backup {}", manifest.backup),
            format!("it was read by {} and holds no files of a server", manifest.engine),
        )
        .hint("Use the commands for backups of databases: `holdfast verify`, `holdfast restore`."))
    }
}
