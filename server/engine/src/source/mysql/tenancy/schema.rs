//! Tables and the foreign keys that can be followed, side by side.

use std::collections::BTreeMap;

use domain::tenancy::Step;

use super::keys::{ForeignKey, Keys, same_name};
use crate::source::inventory::{ColumnClass, Inventory, Table};

pub(super) struct Schema<'a> {
    pub tables: BTreeMap<&'a str, &'a Table>,
    pub keys: &'a Keys,
    /// By referring table, in the order of their names.
    follow: BTreeMap<&'a str, Vec<&'a ForeignKey>>,
}

impl<'a> Schema<'a> {
    pub fn new(inventory: &'a Inventory, keys: &'a Keys) -> Self {
        let tables: BTreeMap<_, _> =
            inventory.tables.iter().map(|table| (table.name.as_str(), table)).collect();
        let mut follow: BTreeMap<&str, Vec<&ForeignKey>> = BTreeMap::new();
        for key in &keys.foreign {
            let followed = key.references_database.is_none()
                && key.table != key.references_table
                && tables.contains_key(key.table.as_str())
                && tables.contains_key(key.references_table.as_str())
                // Joined columns that are not unique would multiply rows. InnoDB lets keys refer to such.
                && keys.is_unique(&key.references_table, &key.references_columns);
            if followed {
                follow.entry(&key.table).or_default().push(key);
            }
        }
        for keys in follow.values_mut() {
            keys.sort_by_key(|key| (&key.columns, &key.references_table, &key.references_columns));
        }
        Self { tables, keys, follow }
    }

    /// Foreign keys of `table` that lead to another table of this database and there to one row.
    pub fn follow(&self, table: &str) -> &[&'a ForeignKey] {
        self.follow.get(table).map_or(&[], Vec::as_slice)
    }

    /// Whether a column can be NULL, as far as is known.
    pub fn nullable(&self, table: &str, column: &str) -> bool {
        self.keys.column(table, column).is_none_or(|column| column.nullable)
    }

    /// The table's own spelling of a column's name.
    pub fn spelled(&self, table: &str, column: &str) -> Option<&'a str> {
        let columns = &self.tables.get(table)?.columns;
        columns.iter().find(|own| same_name(&own.name, column)).map(|own| own.name.as_str())
    }
}

/// The column that carries the tenant: exactly so named, else but for case, else but for underscores too.
pub(super) fn tenant_column(table: &Table, wanted: &str) -> Option<String> {
    let columns = || table.columns.iter().filter(|column| column.class != ColumnClass::ServerKept);
    let found = columns()
        .find(|column| column.name == wanted)
        .or_else(|| columns().find(|column| same_name(&column.name, wanted)))
        .or_else(|| columns().find(|column| plain(&column.name) == plain(wanted)));
    found.map(|column| column.name.clone())
}

/// `TenantId` and `tenant_id` are one word.
fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// A foreign key as a step of a path.
pub(super) fn step(key: &ForeignKey) -> Step {
    Step {
        columns: key.columns.clone(),
        table: key.references_table.clone(),
        references: key.references_columns.clone(),
    }
}
