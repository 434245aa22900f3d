//! Rows that were counted and summed, by table and owner.

use std::collections::BTreeMap;

use crate::source::sums::{Sum, TableSum};

/// Rows counted and their hashes added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    rows: u64,
    sum: Sum,
}

impl Tally {
    /// Adds a row.
    pub const fn add(&mut self, hash: u128) {
        self.rows += 1;
        self.sum.add(hash);
    }
    /// Adds other rows.
    pub const fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum.merge(other.sum);
    }
    /// As it is kept.
    pub fn table_sum(self) -> TableSum {
        TableSum { rows: self.rows, sum: self.sum, ..TableSum::default() }
    }
}

/// By owner and table.
pub type Tallies = BTreeMap<(u32, u32), Tally>;
