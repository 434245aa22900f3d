//! What an index remembers of a database.

use std::collections::BTreeMap;

use domain::{
    sources::DatabaseName,
    spelling::Spelling,
    tenancy::{Drift, TenantKey, TenantMap},
};
use serde::{Deserialize, Serialize};

use super::{archive::Content, physical};
use crate::{
    Result,
    format::manifest::Manifest,
    source::{
        Proof,
        inventory::{Inventory, ServerFacts, StoredObject},
        mysql::native::{json, schema::Sequence},
        sums::{SourceSums, Sum},
    },
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
    /// How rows are split over segments, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
}

impl DatabaseContent {
    /// What no restore of it brings back, because SQL has no words for it: a line each, without an end.
    pub fn lost(&self) -> Vec<String> {
        let versioned: Vec<&str> = self.inventory.versioned().map(|table| table.name.as_str()).collect();
        let history = (!versioned.is_empty()).then(|| {
            let names = versioned.join(", ");
            format!(
                "system-versioned tables come back with their present rows and without their history: {names}"
            )
        });
        let narrowed = match &self.split {
            Some(split) => json::said(&split.narrowed),
            None => json::said(self.sums.tables.iter().map(|(table, sum)| (table, &sum.narrowed))),
        };
        history.into_iter().chain(narrowed).collect()
    }
    /// The same as sentences.
    pub fn lost_in_sentences(&self) -> impl Iterator<Item = String> {
        self.lost().into_iter().map(|line| {
            let mut rest = line.chars();
            rest.next().map(|first| format!("{}{}.", first.to_uppercase(), rest.as_str())).unwrap_or_default()
        })
    }
}

/// How a backup is split by tenant. The sums of such a backup are not among those of [`DatabaseContent`]: each owner
/// keeps its own, because a total less all others would outlive the destruction of an owner's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The routes that were used.
    pub map: TenantMap,
    /// Whether a person had confirmed them.
    pub confirmed: bool,
    /// What no longer fitted.
    #[serde(default)]
    pub drift: Vec<Drift>,
    /// The only tenant in it, if it is a backup of one tenant.
    #[serde(default)]
    pub only: Option<TenantKey>,
    /// Primary keys by table.
    pub primary: BTreeMap<String, Vec<String>>,
    /// Sequences (MariaDB).
    #[serde(default)]
    pub sequences: Vec<Sequence>,
    /// How the readers came to stand at one position, in a sentence.
    pub agreed: String,
    /// Rows that no way led to exactly one tenant, by table; they are shared.
    #[serde(default)]
    pub unled: BTreeMap<String, u64>,
    /// Rows of which a restore loses something of their JSON, by table and column.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub narrowed: BTreeMap<String, BTreeMap<String, u64>>,
    /// How its tenants are spelled. Backups from before there was one spelling do not say: each column's text was
    /// taken as it is, so that a tenant may be in them under several keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
}

impl Split {
    /// The key under which this backup holds a tenant, whichever way it was spelled.
    pub fn spelled(&self, tenant: &TenantKey) -> TenantKey {
        self.spelling.and_then(|spelling| spelling.key(tenant.as_str())).unwrap_or_else(|| tenant.clone())
    }
}

/// What an owner's part of the index remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerContent {
    /// The tenant as the database names it; none for what is shared.
    pub tenant: Option<TenantKey>,
    /// Tables of which it has rows.
    pub tables: Vec<OwnedTable>,
}

/// A table's rows of one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedTable {
    /// Its place in the inventory; blocks refer to it.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// Over all of them.
    pub sum: Sum,
}

impl Content for DatabaseContent {
    fn accept(manifest: &Manifest) -> Result<()> {
        physical::refuse(manifest)
    }
}
