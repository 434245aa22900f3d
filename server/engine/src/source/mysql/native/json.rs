//! JSON of MySQL: what its text cannot say, and in how many rows that matters.
//!
//! Inside JSON the server keeps exact numbers, moments and bytes, put there by its own functions. No text can name them:
//! the text of a DECIMAL 1.10 is read as the DOUBLE 1.1, that of a moment or of bytes as a string. So whatever goes
//! through SQL brings them back as their text reads, the stock client's dump too. Copies are therefore compared with
//! what the source's own text would become ([`as_loaded`]); read otherwise, the two would never be equal. And lest that
//! be silent, every row in which something is lost is counted while it is read ([`narrowed`]) and reported. Only a dump
//! whose rows cannot be read beside it, for want of a lock, says nothing.
//!
//! # What counts
//!
//! A value counts when the server calls it unequal to what its text becomes, which is so of moments and bytes, or when
//! the two are written differently, which is so of an exact number with digits that a DOUBLE does not have or would not
//! print. Neither alone is enough: to the server 1.10 equals 1.1, and the text of a moment is that of its string. An
//! exact number that a DOUBLE holds and prints alike, such as 1.5, does not count: nothing but JSON_TYPE could tell.
//! JSON_STORAGE_SIZE is no way to tell: a DECIMAL may take as many bytes as a DOUBLE, an unsigned 40000 takes fewer than
//! the 40000 that is read, and a value that was changed in place takes more than it needs. A walk over all values with
//! JSON_TABLE and JSON_TYPE copies each nested value once for every level above it.
//!
//! # Why in the same pass
//!
//! Reading a JSON column makes the server write and parse its text anyway; to count makes it do so twice more, because
//! no server keeps what one expression has computed for the next. On MySQL 9.7 documents of 450 bytes took about twice
//! as long to read as without it. Nothing else pays: neither other tables nor MariaDB, nor a comparison with a copy. A
//! statement of its own would cost the same and read the table a second time.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use domain::sources::quote_identifier;

use super::columns::is_json;
use crate::source::inventory::{Inventory, Table};

/// The JSON that comes of loading the text of `name`. A text that is too long to be read back is left as it is.
pub fn as_loaded(name: &str) -> String {
    format!("COALESCE(CAST(CAST({name} AS CHAR CHARACTER SET utf8mb4) AS JSON),{name})")
}

/// Columns of JSON that are counted, in their order. What is computed is the target's to compute.
pub fn counted(table: &Table) -> Vec<String> {
    let own = table.columns.iter().filter(|column| is_json(column) && !column.generated);
    own.map(|column| column.name.clone()).collect()
}

/// One text for all `columns`, a digit each: 1 where a restore brings back something else. `alias` is the table's, with
/// its dot.
pub fn narrowed(alias: &str, columns: &[String]) -> String {
    let digit = |column: &String| {
        let own = format!("{alias}{}", quote_identifier(column));
        let loaded = as_loaded(&own);
        format!("IFNULL({own}<>{loaded} OR CAST({own} AS BINARY)<>CAST({loaded} AS BINARY),0)")
    };
    format!("CONCAT({})", columns.iter().map(digit).collect::<Vec<_>>().join(","))
}

/// Adds up the digits of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed(Vec<u64>);

impl Narrowed {
    /// Adds a row's.
    pub fn add(&mut self, digits: &[u8]) {
        if self.0.len() < digits.len() {
            self.0.resize(digits.len(), 0);
        }
        for (count, digit) in self.0.iter_mut().zip(digits) {
            *count += u64::from(*digit == b'1');
        }
    }
    /// Adds those of other rows.
    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += more;
        }
    }
    /// Rows by column, where there are any.
    pub fn by_column(&self, columns: &[String]) -> BTreeMap<String, u64> {
        let all = columns.iter().cloned().zip(self.0.iter().copied());
        all.filter(|(_, rows)| *rows > 0).collect()
    }
}

/// Rows by table and column, where there are any, of what was counted by a table's number.
pub fn by_table<S: BuildHasher>(
    inventory: &Inventory,
    counted: &HashMap<u32, Narrowed, S>,
) -> BTreeMap<String, BTreeMap<String, u64>> {
    let tables = (0u32..).zip(&inventory.tables).filter_map(|(number, table)| {
        let columns = counted.get(&number)?.by_column(&self::counted(table));
        (!columns.is_empty()).then(|| (table.name.clone(), columns))
    });
    tables.collect()
}

/// What a person is told, if there is anything to tell.
pub fn said<'a>(tables: impl IntoIterator<Item = (&'a String, &'a BTreeMap<String, u64>)>) -> Option<String> {
    let columns = tables.into_iter().flat_map(|(table, columns)| columns.iter().map(move |one| (table, one)));
    let list: Vec<_> = columns
        .map(|(table, (column, rows))| match rows {
            1 => format!("{table}.{column} in 1 row"),
            rows => format!("{table}.{column} in {rows} rows"),
        })
        .collect();
    (!list.is_empty()).then(|| {
        format!(
            "JSON holds exact numbers, moments or bytes that SQL has no words for, and that come back as their text \
             reads: {}",
            list.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_added_up_by_column() {
        let columns = ["a".to_owned(), "b".into(), "c".into()];
        let (mut first, mut second) = (Narrowed::default(), Narrowed::default());
        first.merge(&second);
        for digits in [b"101", b"001"] {
            first.add(digits);
        }
        second.add(b"001");
        second.merge(&first);
        assert_eq!(second.by_column(&columns), BTreeMap::from([("a".into(), 1), ("c".into(), 3)]));
        let found = BTreeMap::from([("t".into(), second.by_column(&columns))]);
        assert!(said(&found).is_some_and(|said| said.ends_with("reads: t.a in 1 row, t.c in 3 rows")));
        assert_eq!(said(&BTreeMap::new()), None);
    }
}
