//! What a restore of one tenant would change, as pages ask for it.
//!
//! The difference of a large tenant has thousands of tables and millions of rows, so it is asked for page by page: first
//! in figures, then by table, then row by row.

use domain::{
    Cursor, Page, RestoreId,
    restores::{Cell, Obstacle, TableDifference},
};
use serde::{Deserialize, Serialize};

/// A difference in figures; see [`domain::restores::Difference`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceSummary {
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
    /// What would make it fail, two hundred at most.
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

impl DifferenceSummary {
    /// Rows that would change.
    pub const fn changes(&self) -> u64 {
        self.inserts + self.updates + self.deletes
    }
    /// Whether it can be applied as it stands.
    pub const fn is_applicable(&self) -> bool {
        self.foreign_rows == 0 && self.obstacles.is_empty() && self.changes() > 0
    }
}

/// Which tables of a difference to list: those with changes first, then by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceFilter {
    /// Of which request.
    pub restore_id: RestoreId,
    /// Only those with a change.
    pub changed: bool,
    /// The name contains this, whatever the case.
    pub search: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// Which changed rows of one table to show, in the order of their keys; twenty at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFilter {
    /// Of which request.
    pub restore_id: RestoreId,
    /// Of which table.
    pub table: String,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// Some changed rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDifferences {
    /// The table in figures.
    pub table: TableDifference,
    /// Its columns, in its order.
    pub columns: Vec<String>,
    /// The rows. Changes are kept for looking at up to a limit; the digest covers all of them.
    pub rows: Page<RowDifference>,
}

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    /// The backup has it, the live database has not.
    Insert,
    /// Both have it, with other values.
    Update,
    /// The live database has it, the backup has not.
    Delete,
}

/// A row that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowDifference {
    /// What happens to it.
    pub change: RowChange,
    /// Values of its primary key.
    pub key: Vec<String>,
    /// One for each column.
    pub cells: Vec<CellDifference>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellDifference {
    /// In the live database; none for a row that is inserted.
    pub old: Option<Cell>,
    /// In the backup; none for a row that is deleted.
    pub new: Option<Cell>,
    /// Whether they differ. Texts that were cut may look the same.
    pub is_changed: bool,
}
