//! The keys that bind the rows of a change set to other rows, and values as those keys compare them.

use std::collections::{HashMap, HashSet};

use domain::sources::quote_identifier;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{choose::Compared, look::Live, tuple};
use crate::source::mysql::tenancy::{
    keys::{ForeignKey, Index, KeyColumn},
    tenant_key,
};

/// Columns of a table of the set: its number, the places of the columns, and whether each ignores case and spaces at the end.
#[derive(Debug, Clone)]
pub struct Ends {
    pub table: u32,
    pub places: Vec<usize>,
    folds: Vec<(bool, bool)>,
}

impl Ends {
    /// The hash of a row's values in these columns; nothing if one of them is NULL or not there. Values that the
    /// columns take for one have one hash, as far as case and trailing spaces make the difference. Accents are not
    /// folded: rows that differ in nothing else are asked for, and refused if in doubt.
    pub fn hash(&self, literals: &[&[u8]], seed: u64) -> Option<u128> {
        let mut text = Vec::new();
        for (place, folds) in self.places.iter().zip(&self.folds) {
            let literal = literals.get(*place).filter(|literal| !tuple::is_null(literal))?;
            let folded;
            let value = if *folds == (false, false) {
                *literal
            } else {
                folded = tuple::folded(literal, *folds);
                folded.as_slice()
            };
            text.extend_from_slice(&(value.len() as u64).to_le_bytes());
            text.extend_from_slice(value);
        }
        Some(xxh3_128_with_seed(&text, seed))
    }
}

/// A foreign key between tables of which at least one is in the set.
pub struct Link<'k> {
    pub key: &'k ForeignKey,
    /// The database of the table that refers, where it is another one.
    pub outside: Option<&'k str>,
    /// Whether the account may not read the table that refers.
    pub hidden: bool,
    /// In the table that refers.
    pub child: Option<Ends>,
    /// In the table that is referred to.
    pub parent: Option<Ends>,
    /// Values that come into the parent.
    pub come: HashSet<u128>,
    /// Values that go from it.
    pub go: HashSet<u128>,
    /// References that go with the child's own rows.
    pub released: HashMap<u128, u64>,
    pub asked: HashSet<u128>,
}

impl Link<'_> {
    /// The table that refers, quoted.
    pub fn from(&self) -> String {
        name(self.outside, &self.key.table)
    }
    /// The same for people.
    pub fn shown(&self) -> String {
        self.outside
            .map_or_else(|| self.key.table.clone(), |database| format!("{database}.{}", self.key.table))
    }
    /// The table that is referred to, quoted.
    pub fn to(&self) -> String {
        name(self.key.references_database.as_deref(), &self.key.references_table)
    }
}

fn name(database: Option<&str>, table: &str) -> String {
    let table = quote_identifier(table);
    database.map_or_else(|| table.clone(), |database| format!("{}.{table}", quote_identifier(database)))
}

/// A unique key of a table in the set.
pub struct Unique<'k> {
    pub name: &'k str,
    pub columns: Vec<String>,
    pub ends: Ends,
    pub go: HashSet<u128>,
}

fn ends(tables: &[Compared], live: &Live, table: &str, columns: &[String]) -> Option<Ends> {
    let (number, compared) = (0u32..).zip(tables).find(|(_, compared)| compared.plan.name == table)?;
    let place = |column: &String| compared.plan.columns.iter().position(|own| own == column);
    let places = columns.iter().map(place).collect::<Option<Vec<_>>>()?;
    let folds = |column: &String| live.keys.column(table, column).map(tenant_key::folds).unwrap_or_default();
    let folds = columns.iter().map(folds).collect();
    Some(Ends { table: number, places, folds })
}

/// The foreign keys of the tables in the set, those of other databases too.
pub fn links<'k>(tables: &[Compared], live: &'k Live) -> Vec<Link<'k>> {
    let link = |key: &'k ForeignKey, outside: Option<&'k str>| {
        let child = if outside.is_none() { ends(tables, live, &key.table, &key.columns) } else { None };
        let parent = if key.references_database.is_none() {
            ends(tables, live, &key.references_table, &key.references_columns)
        } else {
            None
        };
        // Over computed columns nothing can be reckoned; see [`computed`].
        if outside.is_none() && is_computed(key, tables, live) {
            return None;
        }
        (child.is_some() || parent.is_some()).then(|| Link {
            key,
            outside,
            hidden: false,
            child,
            parent,
            come: HashSet::new(),
            go: HashSet::new(),
            released: HashMap::new(),
            asked: HashSet::new(),
        })
    };
    let own = live.keys.foreign.iter().filter_map(|key| link(key, None));
    let others =
        live.outside.keys.iter().filter_map(|refers| link(&refers.key, Some(refers.database.as_str())));
    own.chain(others).collect()
}

/// Foreign keys of tables in the set that go over columns which are no part of it, because they are computed. What a
/// change does to them cannot be reckoned, only counted.
pub fn computed<'k>(tables: &[Compared], live: &'k Live) -> Vec<&'k ForeignKey> {
    live.keys.foreign.iter().filter(|key| is_computed(key, tables, live)).collect()
}

fn is_computed(key: &ForeignKey, tables: &[Compared], live: &Live) -> bool {
    let is_in = |name: &str| tables.iter().any(|table| table.plan.name == name);
    let lost = |table: &str, columns: &[String]| is_in(table) && ends(tables, live, table, columns).is_none();
    key.references_database.is_none()
        && (lost(&key.table, &key.columns) || lost(&key.references_table, &key.references_columns))
}

/// The unique keys over whole columns of the tables in the set.
pub fn uniques<'k>(tables: &[Compared], live: &'k Live) -> Vec<Unique<'k>> {
    let whole = |index: &&Index| index.unique && index.columns.iter().all(|column| column.prefix.is_none());
    let mut all = Vec::new();
    for table in tables {
        for index in live.keys.indexes.get(&table.plan.name).into_iter().flatten().filter(whole) {
            let columns: Vec<_> =
                index.columns.iter().map(|column: &KeyColumn| column.name.clone()).collect();
            if let Some(ends) = ends(tables, live, &table.plan.name, &columns) {
                all.push(Unique { name: &index.name, columns, ends, go: HashSet::new() });
            }
        }
    }
    all
}
