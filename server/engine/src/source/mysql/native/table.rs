//! How the rows of one table are loaded: the heads of statements, and the order.

use domain::sources::quote_identifier;

use super::columns::{self, Form};
use crate::source::inventory::{Column, Table};

/// What is said before the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHead {
    /// `` INSERT INTO `t` (`a`,`b`) VALUES `` and a line break, as every block of the table begins.
    pub insert: Vec<u8>,
    /// The LOAD DATA that takes the same values, a line a row.
    pub load: String,
    /// Which of the values leads the primary key.
    pub key: Option<usize>,
}

impl TableHead {
    /// For a table with this primary key.
    pub fn new(table: &Table, primary: &[String]) -> Self {
        let written = columns::written(table);
        let name = quote_identifier(&table.name);
        let names: Vec<_> = written.iter().map(|column| quote_identifier(&column.name)).collect();
        let (mut fields, mut set) = (Vec::new(), Vec::new());
        for (number, column) in written.iter().enumerate() {
            let quoted = quote_identifier(&column.name);
            let found = table.columns.iter().find(|other| other.name == column.name);
            if found.is_some_and(|found| is_read_as_text(found, column.form)) {
                set.push(format!("{quoted}=CONVERT(@hf{number} USING utf8mb4)"));
                fields.push(format!("@hf{number}"));
            } else {
                fields.push(quoted);
            }
        }
        let set = if set.is_empty() { String::new() } else { format!(" SET {}", set.join(",")) };
        Self {
            insert: format!("INSERT INTO {name} ({}) VALUES\n", names.join(",")).into_bytes(),
            // Binary: every byte goes in as it stands in the line.
            load: format!(
                "LOAD DATA LOCAL INFILE 'rows' INTO TABLE {name} CHARACTER SET binary FIELDS TERMINATED BY '\\t' \
                 ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){set}",
                fields.join(",")
            ),
            key: primary.first().and_then(|first| written.iter().position(|column| column.name == *first)),
        }
    }
}

/// Types that take a binary string for their stored form, or refuse it, rather than for their text.
fn is_read_as_text(column: &Column, form: Form) -> bool {
    let kind = column.definition.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    matches!(kind.to_ascii_lowercase().as_str(), "json" | "uuid" | "inet4" | "inet6")
        || (form == Form::Utf8 && column.charset.is_none())
}
