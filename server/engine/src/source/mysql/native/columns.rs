//! How each column is selected, and how its value is written in a statement.
//!
//! Values come through the text protocol with `character_set_results` NULL, that is as the bytes that are stored.
//! What is written must bring back the same bytes whatever the target's defaults are:
//!
//! * FLOAT is selected as `(c*1e0)`, because the server prints six digits of a FLOAT but every digit that matters
//!   of a DOUBLE; storing that DOUBLE into FLOAT rounds to the value that it came from. DOUBLE with a fixed number
//!   of decimals is treated alike.
//! * Text goes between quotes where its bytes mean the same in utf8mb4. Any other text goes as a hexadecimal
//!   literal, which a server stores byte for byte.
//! * Binary strings, BIT and geometry are hexadecimal literals.
//! * JSON of MySQL is read as the text that it becomes when its own text is loaded, see [`super::json`].
//! * Generated columns and times of row versions are the target's to compute; they are neither read nor written.

use domain::sources::quote_identifier;

use super::json;
use crate::source::inventory::{Column, ColumnClass, Table};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it comes: integers, DECIMAL, YEAR.
    Bare,
    /// As it comes, but for a negative zero, which an integer literal would lose.
    Real,
    /// Between quotes, nothing in it needs an escape: dates, times, addresses.
    Quoted,
    /// Between quotes with escapes if it is UTF-8, else hexadecimal.
    Utf8,
    /// Between quotes with escapes if it is ASCII, else hexadecimal: other character sets that contain ASCII.
    Ascii,
    /// Hexadecimal.
    Hex,
}

/// A column that is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// What is selected, with `t0` for the table.
    pub expression: String,
    /// How it is written.
    pub form: Form,
}

/// The columns of a table that are read and written, in their order.
pub fn written(table: &Table) -> Vec<Written> {
    let stored =
        table.columns.iter().filter(|column| !column.generated && column.class != ColumnClass::ServerKept);
    stored
        .map(|column| Written {
            name: column.name.clone(),
            expression: expression(column),
            form: form(column),
        })
        .collect()
}

/// `decimal` of `decimal(10,2) unsigned`.
fn type_name(definition: &str) -> String {
    definition
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn expression(column: &Column) -> String {
    let name = format!("t0.{}", quote_identifier(&column.name));
    let kind = type_name(&column.definition);
    if is_json(column) {
        json::as_loaded(&name)
    } else if kind == "float"
        || (matches!(kind.as_str(), "double" | "real") && column.definition.contains('('))
    {
        format!("({name}*1e0)")
    } else {
        name
    }
}

/// Whether the server keeps JSON in a form of its own. MariaDB does not: there it is text, and has a type of text.
pub fn is_json(column: &Column) -> bool {
    type_name(&column.definition) == "json"
}

fn form(column: &Column) -> Form {
    match type_name(&column.definition).as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "decimal" | "numeric"
        | "year" | "bool" | "boolean" => Form::Bare,
        "float" | "double" | "real" => Form::Real,
        "date" | "datetime" | "timestamp" | "time" | "uuid" | "inet4" | "inet6" => Form::Quoted,
        "bit" | "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" | "vector" => Form::Hex,
        "json" => Form::Utf8,
        _ => column.charset.as_deref().map_or(Form::Utf8, text_form),
    }
}

fn text_form(charset: &str) -> Form {
    match charset {
        "utf8mb4" | "utf8mb3" | "utf8" | "ascii" => Form::Utf8,
        // Their bytes below 0x80 are not ASCII, or not only.
        "ucs2" | "utf16" | "utf16le" | "utf32" | "swe7" | "sjis" | "cp932" | "binary" => Form::Hex,
        _ => Form::Ascii,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(definition: &str, charset: Option<&str>) -> Column {
        Column {
            name: "a`b".into(),
            definition: definition.into(),
            charset: charset.map(Into::into),
            class: ColumnClass::Exact,
            generated: false,
            invisible: false,
        }
    }

    #[test]
    fn every_type_has_its_form() {
        for (definition, charset, expected) in [
            ("bigint(20) unsigned zerofill", None, Form::Bare),
            ("double", None, Form::Real),
            ("datetime(6)", None, Form::Quoted),
            ("enum('int','blob')", Some("latin1"), Form::Ascii),
            ("varchar(10)", Some("utf8mb3"), Form::Utf8),
            ("text", Some("ucs2"), Form::Hex),
            ("bit(8)", None, Form::Hex),
            ("json", None, Form::Utf8),
        ] {
            assert_eq!(form(&column(definition, charset)), expected, "{definition}");
        }
        assert_eq!(expression(&column("float unsigned", None)), "(t0.`a``b`*1e0)");
        assert_eq!(expression(&column("double(10,2)", None)), "(t0.`a``b`*1e0)");
        assert_eq!(expression(&column("double", None)), "t0.`a``b`");
    }
}
