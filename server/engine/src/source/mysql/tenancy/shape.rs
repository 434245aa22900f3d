//! A short digest of what a table's route depends on, so that a run notices that the table has changed.

use sha2::{Digest, Sha256};

use super::keys::Keys;
use crate::source::inventory::Table;

/// Digest of a table's columns and foreign keys, 32 hex digits. Names of keys and indexes do not count.
pub fn shape(table: &Table, keys: &Keys) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for column in &table.columns {
        put("column");
        put(&column.name);
        put(&column.definition);
        put(column.charset.as_deref().unwrap_or_default());
        put(if column.generated { "generated" } else { "stored" });
    }
    let mut foreign: Vec<_> = keys.foreign.iter().filter(|key| key.table == table.name).collect();
    foreign.sort_by_key(|key| (&key.columns, &key.references_table, &key.references_columns));
    for key in foreign {
        put("foreign key");
        put(&key.columns.len().to_string());
        key.columns.iter().for_each(|column| put(column));
        put(key.references_database.as_deref().unwrap_or_default());
        put(&key.references_table);
        key.references_columns.iter().for_each(|column| put(column));
    }
    hex::encode(&hash.finalize()[..16])
}
