//! What an export says of its tables.

use serde::Serialize;

use super::{isolation::Checker, rows::Rows};
use crate::{
    pipeline::Split,
    source::{
        inventory::{Inventory, Table},
        mysql::native::columns::{self, Form},
    },
};

/// A column of an export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportedColumn {
    /// Its name.
    pub name: String,
    /// `decimal(10,2)`
    #[serde(rename = "type")]
    pub definition: String,
    /// Whether its values are bytes, written as `0x` and hexadecimal digits.
    pub binary: bool,
    /// Its character set at the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
}

/// A table of an export.
#[derive(Debug, Clone, Serialize)]
pub struct ExportedTable {
    /// Its place in the backup's inventory.
    #[serde(skip)]
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Columns in the order of their values.
    pub columns: Vec<ExportedColumn>,
    /// Its primary key.
    pub primary_key: Vec<String>,
    /// How its rows are led to their tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<domain::tenancy::Route>,
    /// How many rows are there.
    pub rows: u64,
}

/// All tables of an export.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The tables, by name.
    pub tables: Vec<ExportedTable>,
    /// All definitions as SQL.
    #[serde(skip)]
    pub script: String,
}

impl Exported {
    /// The tables of which the tenant has rows.
    pub fn new(inventory: &Inventory, split: &Split, rows: &Rows) -> Self {
        let own: Vec<u32> = rows.tables().collect();
        let tables = (0u32..)
            .zip(&inventory.tables)
            .filter(|(number, _)| own.contains(number))
            .map(|(number, table)| of(number, table, split, rows.count(number)))
            .collect();
        Self { tables, script: crate::source::mysql::native::schema::script(inventory, &split.sequences) }
    }
}

/// Tables to whose shared rows the tenant's may refer.
pub fn shared_parents(checker: &Checker, inventory: &Inventory) -> Vec<ExportedTable> {
    (0u32..)
        .zip(&inventory.tables)
        .filter(|(_, table)| checker.is_referred_to(&table.name))
        .map(|(number, table)| table_of(number, table))
        .collect()
}

fn of(number: u32, table: &Table, split: &Split, rows: u64) -> ExportedTable {
    ExportedTable {
        primary_key: split.primary.get(&table.name).cloned().unwrap_or_default(),
        route: split.map.tables.get(&table.name).map(|mapping| mapping.route.clone()),
        rows,
        ..table_of(number, table)
    }
}

fn table_of(number: u32, table: &Table) -> ExportedTable {
    let columns = columns::written(table).into_iter().map(|written| {
        let column = table.columns.iter().find(|column| column.name == written.name);
        ExportedColumn {
            definition: column.map(|column| column.definition.clone()).unwrap_or_default(),
            binary: written.form == Form::Hex && column.is_none_or(|column| column.charset.is_none()),
            charset: column.and_then(|column| column.charset.clone()),
            name: written.name,
        }
    });
    ExportedTable {
        number,
        name: table.name.clone(),
        columns: columns.collect(),
        primary_key: Vec::new(),
        route: None,
        rows: 0,
    }
}
