//! Reads what rows are identified by and what they refer to: primary keys, indexes, foreign keys.
//!
//! Four statements whatever the number of tables. They are not joined on the server: old servers open every
//! table once more for every joined view of information_schema.

use std::collections::BTreeMap;

use domain::sources::DatabaseName;
use mysql_async::Row;

use crate::Result;
use crate::source::mysql::inspect::{Session, number, optional, text};

/// A column as keys need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// `bigint`, in lower case.
    pub data_type: String,
    /// `bigint(20) unsigned zerofill`
    pub definition: String,
    /// Character set, if it holds text.
    pub charset: Option<String>,
    /// Collation, if it holds text.
    pub collation: Option<String>,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// How many characters or bytes of it are in the key, if not all.
    pub prefix: Option<u64>,
}

/// An index, unique or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name; `PRIMARY` for the primary key.
    pub name: String,
    /// Whether no two rows agree in all its columns.
    pub unique: bool,
    /// Its columns in their order.
    pub columns: Vec<KeyColumn>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table that refers.
    pub table: String,
    /// Name of the constraint.
    pub name: String,
    /// Columns that refer, in the key's order.
    pub columns: Vec<String>,
    /// The other database, if the table referred to is in one.
    pub references_database: Option<String>,
    /// The table referred to.
    pub references_table: String,
    /// Its columns, in the same order.
    pub references_columns: Vec<String>,
    /// `CASCADE`, `SET NULL`, `RESTRICT`, `NO ACTION`, `SET DEFAULT`
    pub on_delete: String,
    /// As `on_delete`, for changes.
    pub on_update: String,
    /// Whether one of the referring columns can be NULL; such a row refers to nothing.
    pub nullable: bool,
}

/// All keys of a database, by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Primary keys.
    pub primary: BTreeMap<String, Vec<KeyColumn>>,
    /// Unique keys besides the primary ones, by name.
    pub unique: BTreeMap<String, Vec<Index>>,
    /// All indexes, the unique ones too. Those over expressions are left out.
    pub indexes: BTreeMap<String, Vec<Index>>,
    /// Foreign keys, by table and name.
    pub foreign: Vec<ForeignKey>,
    /// All columns of all tables and views.
    pub columns: BTreeMap<String, Vec<KeyColumn>>,
}

impl Keys {
    /// A column by its name, whose case does not matter.
    pub fn column(&self, table: &str, name: &str) -> Option<&KeyColumn> {
        let columns = self.columns.get(table)?;
        columns.iter().find(|column| same_name(&column.name, name))
    }
    /// Whether two rows of `table` can agree in all `columns`.
    pub fn is_unique(&self, table: &str, columns: &[String]) -> bool {
        let covered = |key: &[KeyColumn]| {
            !key.is_empty()
                && key.iter().all(|part| columns.iter().any(|column| same_name(column, &part.name)))
        };
        self.primary.get(table).is_some_and(|key| covered(key))
            || self.unique.get(table).is_some_and(|keys| keys.iter().any(|key| covered(&key.columns)))
    }
}

/// Names of columns are compared without case on every server.
pub fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!(one.is_ascii() && other.is_ascii()) && one.to_lowercase() == other.to_lowercase())
}

/// Reads the keys of `database`.
pub async fn read(session: &mut Session<'_>, database: &DatabaseName) -> Result<Keys> {
    let name = database.as_str();
    let mut keys = Keys::default();
    let columns = session
        .rows(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, \
             IS_NULLABLE, GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=? \
             ORDER BY TABLE_NAME, ORDINAL_POSITION",
            &[name],
        )
        .await?;
    let mut kept_by_server = Vec::new();
    for row in &columns {
        let (table, column) = (text(row, 0), column(row));
        if matches!(text(row, 7).as_str(), "ROW START" | "ROW END") {
            kept_by_server.push((table.clone(), column.name.clone()));
        }
        keys.columns.entry(table).or_default().push(column);
    }
    let parts = session
        .rows(
            "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS \
             WHERE TABLE_SCHEMA=? ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
            &[name],
        )
        .await?;
    for index in parts.chunk_by(|one, other| text(one, 0) == text(other, 0) && text(one, 1) == text(other, 1))
    {
        add_index(&mut keys, index, &kept_by_server);
    }
    let rules = session
        .rows(
            "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE \
             FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA=?",
            &[name],
        )
        .await?;
    let rules: BTreeMap<_, _> =
        rules.iter().map(|row| ((text(row, 0), text(row, 1)), (text(row, 2), text(row, 3)))).collect();
    let usage = session
        .rows(
            "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, \
             REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
             WHERE CONSTRAINT_SCHEMA=? AND TABLE_SCHEMA=? AND REFERENCED_TABLE_NAME IS NOT NULL \
             ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
            &[name, name],
        )
        .await?;
    for parts in usage.chunk_by(|one, other| text(one, 0) == text(other, 0) && text(one, 1) == text(other, 1))
    {
        let key = foreign_key(&keys, parts, &rules, name);
        keys.foreign.extend(key);
    }
    Ok(keys)
}

fn column(row: &Row) -> KeyColumn {
    KeyColumn {
        name: text(row, 1),
        data_type: text(row, 2).to_ascii_lowercase(),
        definition: text(row, 3),
        charset: optional(row, 4),
        collation: optional(row, 5),
        nullable: !text(row, 6).eq_ignore_ascii_case("NO"),
        prefix: None,
    }
}

/// Adds one index from its parts. The end of a row's time is part of every unique key of a system-versioned
/// table, but among present rows, the only ones that are read, the rest of the key is unique without it.
fn add_index(keys: &mut Keys, parts: &[Row], kept_by_server: &[(String, String)]) {
    let Some(first) = parts.first() else { return };
    let (table, name) = (text(first, 0), text(first, 1));
    let mut columns = Vec::new();
    for part in parts {
        let Some(column) = optional(part, 3).and_then(|column| keys.column(&table, &column)) else { return };
        let ends = (table.clone(), column.name.clone());
        if !kept_by_server.contains(&ends) {
            let prefix = optional(part, 4).map(|_| number(part, 4));
            columns.push(KeyColumn { prefix, ..column.clone() });
        }
    }
    if columns.is_empty() {
        return;
    }
    let unique = number(first, 2) == 0;
    let index = Index { name, unique, columns };
    if index.name == "PRIMARY" {
        keys.primary.insert(table.clone(), index.columns.clone());
    } else if unique {
        keys.unique.entry(table.clone()).or_default().push(index.clone());
    }
    keys.indexes.entry(table).or_default().push(index);
}

/// Servers print names as somebody once wrote them in the key; the tables' own spelling is what joins need.
fn foreign_key(
    keys: &Keys,
    parts: &[Row],
    rules: &BTreeMap<(String, String), (String, String)>,
    database: &str,
) -> Option<ForeignKey> {
    let first = parts.first()?;
    let (table, name, other) = (text(first, 0), text(first, 1), text(first, 3));
    let references_database = (other != database && !other.eq_ignore_ascii_case(database)).then_some(other);
    let mut references_table = text(first, 4);
    if references_database.is_none() && !keys.columns.contains_key(&references_table) {
        let spelled = keys.columns.keys().find(|own| same_name(own, &references_table));
        references_table = spelled.cloned().unwrap_or(references_table);
    }
    let spelled =
        |table: &str, column: String| keys.column(table, &column).map_or(column, |c| c.name.clone());
    let columns: Vec<_> = parts.iter().map(|part| spelled(&table, text(part, 2))).collect();
    let references_columns = parts
        .iter()
        .map(|part| match references_database {
            None => spelled(&references_table, text(part, 5)),
            Some(_) => text(part, 5),
        })
        .collect();
    let nullable = columns.iter().any(|name| keys.column(&table, name).is_none_or(|column| column.nullable));
    let (on_delete, on_update) = rules.get(&(table.clone(), name.clone())).cloned().unwrap_or_default();
    Some(ForeignKey {
        table,
        name,
        columns,
        references_database,
        references_table,
        references_columns,
        on_delete,
        on_update,
        nullable,
    })
}
