//! What an index remembers of a database.

use domain::sources::DatabaseName;
use serde::{Deserialize, Serialize};

use crate::source::{
    Proof,
    inventory::{Inventory, ServerFacts, StoredObject},
    sums::SourceSums,
};

/// Everything needed to restore a database and to prove that it came back whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseContent {
    /// Its name at the source.
    pub database: DatabaseName,
    /// The server it was read from.
    pub server: ServerFacts,
    /// What a comparison with the sums proves.
    pub proof: Proof,
    /// Seed of the sums: a secret, so that a hash in an index confirms no guess.
    pub seed: u64,
    /// Tables, columns, names of everything.
    pub inventory: Inventory,
    /// Views, triggers, routines and events.
    pub objects: Vec<StoredObject>,
    /// Rows and checksums.
    pub sums: SourceSums,
}
