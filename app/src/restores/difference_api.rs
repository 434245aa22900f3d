//! What a restore of one tenant would change, as pages ask for it.
//!
//! The difference of a large tenant has thousands of tables and millions of rows, so it is asked for page by page: first
//! in figures, then by table, then row by row.

use domain::{
    Cursor, Page, RestoreId,
    restores::{Cell, TableDifference},
};
use serde::{Deserialize, Serialize};

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
