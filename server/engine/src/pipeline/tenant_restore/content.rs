//! What a change set is about: its tables, their counts and sums, and the digest that a person agrees to.

use domain::{
    restores::{Difference, TenantRestore},
    sources::DatabaseName,
    spelling::Spelling,
    tenancy::Route,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{look::Live, sides::Total, triggers::Trigger, writer::Numbers};
use crate::{
    Result,
    format::manifest::{canonical, sha256_hex},
    source::sums::Sum,
};

/// Which form of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As it is in the live database.
    Old,
    /// As it is in the backup.
    New,
}

impl Side {
    pub const fn number(self) -> u32 {
        match self {
            Self::Old => 0,
            Self::New => 1,
        }
    }
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

/// A table in a change set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// Its name.
    pub name: String,
    /// How its rows are led.
    pub route: Route,
    /// Its columns with their definitions.
    pub shape: Vec<String>,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its primary key.
    pub key: Vec<String>,
    /// Rows that are put in.
    pub inserts: u64,
    /// Rows that change.
    pub updates: u64,
    /// Rows that go.
    pub deletes: u64,
    /// Rows that stay.
    pub unchanged: u64,
    /// The tenant's rows that the preview saw.
    pub before: Total,
    /// The tenant's rows in the backup.
    pub after: Total,
    /// Over all changes, whatever their order.
    pub changes: Sum,
    /// Triggers of the table, which fire on its changes; older sets do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggers: Option<Vec<Trigger>>,
}

impl TableChange {
    pub const fn count(&self) -> u64 {
        self.inserts + self.updates + self.deletes
    }
}

/// What a change set is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// What was asked for.
    pub wish: TenantRestore,
    /// Which attempt of the backup.
    pub attempt: u32,
    /// The live server, as it names itself.
    pub server_uuid: String,
    /// What no other server has; sets of earlier versions have only what MariaDB servers often share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The live database.
    pub database: DatabaseName,
    /// Seed of the sums.
    pub seed: u64,
    /// How the live database spells tenants; older sets do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
    /// Tables that were compared.
    pub tables: Vec<TableChange>,
    /// What is shown.
    pub difference: Difference,
    /// First and last number by block.
    pub numbers: Numbers,
}

#[derive(Serialize)]
struct Digested<'a> {
    wish: &'a TenantRestore,
    attempt: u32,
    server_uuid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    database: &'a DatabaseName,
    #[serde(skip_serializing_if = "Option::is_none")]
    spelling: Option<Spelling>,
    tables: &'a [TableChange],
}

impl Content {
    /// What a person agrees to: selection, backup, target, what the preview saw, every change.
    pub fn digest(&self) -> Result<String> {
        let digested = Digested {
            wish: &self.wish,
            attempt: self.attempt,
            server_uuid: &self.server_uuid,
            server: self.server.as_deref(),
            database: &self.database,
            spelling: self.spelling,
            tables: &self.tables,
        };
        Ok(sha256_hex(&canonical(&digested)?))
    }

    /// Whether this is the server that the preview saw.
    pub fn is_of(&self, live: &Live) -> bool {
        self.server_uuid == live.server.server_uuid
            && self.server.as_ref().is_none_or(|server| *server == live.identity)
    }
}

/// What one changed row adds to the sum of changes.
pub fn hash(table: &str, side: Side, kind: u8, tuple: &[u8]) -> u128 {
    let mut sha = Sha256::new();
    sha.update((table.len() as u64).to_be_bytes());
    sha.update(table.as_bytes());
    sha.update([side.number().to_be_bytes()[3], kind]);
    sha.update(tuple);
    let digest: [u8; 32] = sha.finalize().into();
    digest.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
}
