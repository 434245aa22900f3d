//! Restores: into a new database, which can destroy nothing, and of one tenant into the live one.
//!
//! The second is a request with a life of its own ([`RequestState`]): the difference between the backup and the
//! live rows is computed first and shown; what is approved is the digest of exactly that difference; exactly
//! that is applied, in one transaction, or nothing; and its inverse is stored before, so that it can be undone.

use serde::{Deserialize, Serialize};

use crate::{BackupId, ConnectionId, definers::Definers, sources::DatabaseName, tenancy::TenantKey};

/// A restore into a database that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreToNew {
    /// What is restored.
    pub backup_id: BackupId,
    /// On which server.
    pub connection_id: ConnectionId,
    /// Under which name.
    pub database: DatabaseName,
    /// What of it; everything if nothing is said.
    #[serde(default)]
    pub only: Part,
    /// To whom its views, triggers, routines and events belong.
    #[serde(default)]
    pub definers: Definers,
}

/// Which part of a backup is restored into a new database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Tables whose rows are loaded; all if empty. Every table is created either way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Tenants whose rows are loaded, with the shared ones; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantKey>,
    /// Definitions only, no rows.
    #[serde(default)]
    pub schema_only: bool,
}

impl Part {
    /// Whether it is everything.
    pub const fn is_everything(&self) -> bool {
        self.tables.is_empty() && self.tenants.is_empty() && !self.schema_only
    }
}

/// What of a tenant is put back into the live database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Selection {
    /// Every row of every table.
    Everything,
    /// Every row of these tables.
    Tables {
        /// Their names.
        tables: Vec<String>,
    },
    /// These rows of one table.
    Rows {
        /// The table.
        table: String,
        /// Values of the primary key's columns, one list per row, as text.
        keys: Vec<Vec<String>>,
    },
}

impl Selection {
    /// Bytes of a selection at most, as it is stored. Whoever needs more wants whole tables.
    pub const LONGEST: usize = 64 << 10;

    /// What of it may be listed.
    pub fn summary(&self) -> SelectionSummary {
        match self {
            Self::Everything => SelectionSummary::Everything,
            Self::Tables { tables } => SelectionSummary::Tables {
                tables: tables.len() as u64,
                only: if let [table] = tables.as_slice() { Some(table.clone()) } else { None },
            },
            Self::Rows { table, keys } => {
                SelectionSummary::Rows { table: table.clone(), rows: keys.len() as u64 }
            }
        }
    }
}

/// A selection in figures. The keys of rows are contents: who may not see rows does not see those either, and a list
/// of requests does not carry them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SelectionSummary {
    /// Every row of every table.
    Everything,
    /// Every row of some tables.
    Tables {
        /// How many.
        tables: u64,
        /// Its name, if it is one.
        only: Option<String>,
    },
    /// Some rows of one table.
    Rows {
        /// The table.
        table: String,
        /// How many.
        rows: u64,
    },
}

/// What a tenant restore is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRestore {
    /// From which backup.
    pub backup_id: BackupId,
    /// Whose rows.
    pub tenant: TenantKey,
    /// Which of them.
    pub selection: Selection,
}

/// How one table would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDifference {
    /// Its name.
    pub table: String,
    /// Rows that the backup has and the live database has not.
    pub inserts: u64,
    /// Rows of the same key with other values.
    pub updates: u64,
    /// Rows that the live database has and the backup has not.
    pub deletes: u64,
    /// Rows that are equal.
    pub unchanged: u64,
}

impl TableDifference {
    /// Rows that would change.
    pub const fn changes(&self) -> u64 {
        self.inserts + self.updates + self.deletes
    }
}

/// Something that would make applying fail, found beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// The table.
    pub table: String,
    /// In words, e.g. `12 rows refer to rows that would be deleted (fk_risk_control)`.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The difference between a tenant's rows in a backup and in the live database: what is approved and applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Tables that were compared, by name.
    pub tables: Vec<TableDifference>,
    /// Rows of other tenants that would be touched. Anything but 0 is refused.
    pub foreign_rows: u64,
    /// What would make it fail.
    pub obstacles: Vec<Obstacle>,
    /// Remarks, e.g. triggers that will fire.
    pub remarks: Vec<String>,
    /// SHA-256 over selection, backup, target and every changed row, old and new, in hex.
    pub digest: String,
    /// Bytes that were read from the vault for it.
    pub bytes_read: u64,
    /// Bytes of the whole backup in the vault.
    pub bytes_whole: u64,
}

impl Difference {
    /// Rows that would change.
    pub fn changes(&self) -> u64 {
        self.tables.iter().map(TableDifference::changes).sum()
    }
    /// Whether it can be applied as it stands.
    pub fn is_applicable(&self) -> bool {
        self.foreign_rows == 0 && self.obstacles.is_empty() && self.changes() > 0
    }
}

/// A difference in figures: without its tables and without any row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Tables that were compared.
    pub tables: u64,
    /// Those with a change.
    pub changed_tables: u64,
    /// Rows that would be inserted.
    pub inserts: u64,
    /// Rows that would be updated.
    pub updates: u64,
    /// Rows that would be deleted.
    pub deletes: u64,
    /// Rows that are equal.
    pub unchanged: u64,
    /// Rows of other tenants that would be touched. Anything but 0 is refused.
    pub foreign_rows: u64,
    /// What would make it fail; the first two hundred.
    pub obstacles: Vec<Obstacle>,
    /// Remarks.
    pub remarks: Vec<String>,
    /// What is approved.
    pub digest: String,
    /// Bytes that were read from the vault for it.
    pub bytes_read: u64,
    /// Bytes of the whole backup in the vault.
    pub bytes_whole: u64,
}

/// Obstacles that are kept; one is enough to refuse.
const OBSTACLES: usize = 200;

impl From<&Difference> for Figures {
    fn from(difference: &Difference) -> Self {
        let sum = |of: fn(&TableDifference) -> u64| difference.tables.iter().map(of).sum();
        let changed = difference.tables.iter().filter(|table| table.changes() > 0).count();
        Self {
            tables: difference.tables.len() as u64,
            changed_tables: changed as u64,
            inserts: sum(|table| table.inserts),
            updates: sum(|table| table.updates),
            deletes: sum(|table| table.deletes),
            unchanged: sum(|table| table.unchanged),
            foreign_rows: difference.foreign_rows,
            obstacles: difference.obstacles.iter().take(OBSTACLES).cloned().collect(),
            remarks: difference.remarks.clone(),
            digest: difference.digest.clone(),
            bytes_read: difference.bytes_read,
            bytes_whole: difference.bytes_whole,
        }
    }
}

impl Figures {
    /// Rows that would change.
    pub const fn changes(&self) -> u64 {
        self.inserts + self.updates + self.deletes
    }
    /// Whether it can be applied as it stands.
    pub const fn is_applicable(&self) -> bool {
        self.foreign_rows == 0 && self.obstacles.is_empty() && self.changes() > 0
    }
}

/// A value of a changed row, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Cell {
    /// NULL.
    Null,
    /// Text, a number, a time.
    Text {
        /// Its first characters.
        text: String,
        /// Bytes of the whole value.
        length: u64,
    },
    /// What is no text.
    Binary {
        /// Its first bytes, in hex.
        hex: String,
        /// Bytes of the whole value.
        length: u64,
    },
}

macro_rules! request_states {
    ($($(#[$doc:meta])* $state:ident = $key:literal, $title:literal;)+) => {
        /// Where the request of a tenant restore stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RequestState { $($(#[$doc])* $state),+ }
        impl RequestState {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$state),+];
            /// How it is stored and sent.
            pub const fn key(self) -> &'static str { match self { $(Self::$state => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$state => $title),+ } }
            /// The state stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$state),)+ _ => None } }
        }
    };
}

request_states! {
    /// The difference is being computed.
    Planning = "planning", "Computing the difference";
    /// The difference can be looked at; nothing was asked for yet.
    Planned = "planned", "Preview";
    /// Asked for; a second person must agree.
    AwaitingApproval = "awaiting_approval", "Waiting for approval";
    /// May be applied, once.
    Approved = "approved", "Approved";
    /// Is being applied.
    Applying = "applying", "Being applied";
    /// The live rows are as in the backup.
    Applied = "applied", "Applied";
    /// Is being undone.
    Undoing = "undoing", "Being undone";
    /// The live rows are as they were before.
    Undone = "undone", "Undone";
    /// A second person refused.
    Rejected = "rejected", "Rejected";
    /// Taken back, or nothing to do.
    Withdrawn = "withdrawn", "Withdrawn";
    /// Could not be done; the live rows were not changed by it.
    Failed = "failed", "Failed";
}

impl RequestState {
    /// Whether it may become `next`.
    pub const fn may_become(self, next: Self) -> bool {
        use RequestState as S;
        matches!(
            (self, next),
            (S::Planning, S::Planned | S::Failed | S::Withdrawn)
                | (S::Planned, S::AwaitingApproval | S::Withdrawn)
                | (S::AwaitingApproval, S::Approved | S::Rejected | S::Withdrawn)
                // Back to waiting: whoever had agreed to it may not any more.
                | (S::Approved, S::Applying | S::Withdrawn | S::AwaitingApproval)
                | (S::Applying, S::Applied | S::Failed | S::AwaitingApproval)
                | (S::Applied, S::Undoing)
                // An undo that was refused leaves what was applied.
                | (S::Undoing, S::Undone | S::Applied)
        )
    }
    /// Whether nothing was changed by it and nothing will be: what it would have changed is not kept.
    pub const fn is_void(self) -> bool {
        matches!(self, Self::Rejected | Self::Withdrawn | Self::Failed)
    }
    /// Whether nothing more will happen, an undo aside.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Applied | Self::Undone | Self::Rejected | Self::Withdrawn | Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_applied_that_was_not_approved_and_nothing_undone_that_was_not_applied() {
        for state in RequestState::ALL {
            assert_eq!(
                state.may_become(RequestState::Applying),
                *state == RequestState::Approved,
                "{state:?}"
            );
            assert_eq!(state.may_become(RequestState::Undoing), *state == RequestState::Applied, "{state:?}");
            assert_eq!(
                state.may_become(RequestState::Approved),
                *state == RequestState::AwaitingApproval,
                "{state:?}"
            );
        }
    }
}
