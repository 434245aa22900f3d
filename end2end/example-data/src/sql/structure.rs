//! CREATE TABLE.

use crate::family::{Family, quoted};
use crate::spec::Table;

pub(super) fn create(table: &Table, family: Family) -> String {
    let mut lines: Vec<String> =
        table.columns.iter().map(|column| format!("  {} {}", quoted(column.name), column.sql)).collect();
    lines.extend(table.clauses.iter().map(|clause| format!("  {clause}")));
    let own = table.family_clauses.iter().filter(|(wanted, _)| *wanted == family);
    lines.extend(own.map(|(_, clause)| format!("  {clause}")));
    // A table that names its character set means it; all others take the database's.
    format!(
        "CREATE TABLE {} (\n{}\n) ENGINE=InnoDB {};\n",
        quoted(table.name),
        lines.join(",\n"),
        table.options
    )
}
