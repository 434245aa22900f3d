//! The awkward tables: every type and name that has broken somebody's backup. Few rows, written by hand.
//!
//! Both databases hold all of them; none is scaled.

mod keys;
mod names;
mod numbers;
mod text;
mod times;
mod types;

use crate::family::Family;
use crate::spec::Table;

/// All awkward tables.
pub fn tables(family: Family) -> Vec<Table> {
    let mut tables = numbers::tables();
    tables.extend(text::tables());
    tables.extend(times::tables());
    tables.extend(types::tables(family));
    tables.extend(names::tables());
    tables.extend(keys::tables());
    tables
}
