//! The three forms of an export, and how each is written.

use super::{
    archive,
    schema::{Exported, ExportedTable},
    value::Value,
};
use crate::{Error, Kind, Result, source::mysql::native::schema::PREAMBLE};

/// In which form a tenant is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantForm {
    /// SQL, which any stock client loads.
    SqlGzip,
    /// An archive with one CSV file (RFC 4180) per table and `schema.json`. NULL is an empty field, an empty text `""`.
    CsvTarGzip,
    /// One JSON object per line: first `{"schema":…}`, then `{"table":…,"row":{…}}`.
    JsonLinesGzip,
}

impl TenantForm {
    /// How its file is called at the end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::SqlGzip => "sql.gz",
            Self::CsvTarGzip => "csv.tar.gz",
            Self::JsonLinesGzip => "jsonl.gz",
        }
    }
    /// How it is written and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::SqlGzip => "sql",
            Self::CsvTarGzip => "csv",
            Self::JsonLinesGzip => "jsonl",
        }
    }
    /// The form written as `key`.
    pub fn find(key: &str) -> Option<Self> {
        [Self::SqlGzip, Self::CsvTarGzip, Self::JsonLinesGzip].into_iter().find(|form| form.key() == key)
    }
    pub(super) const fn needs_lengths(self) -> bool {
        matches!(self, Self::CsvTarGzip)
    }

    pub(super) fn beginning(self, exported: &Exported) -> Result<Vec<u8>> {
        Ok(match self {
            Self::SqlGzip => [PREAMBLE, &exported.script].concat().into_bytes(),
            Self::CsvTarGzip => {
                let schema = json(exported)?;
                let length = schema.len() as u64;
                [archive::begin("schema.json", length), schema, archive::end(length)].concat()
            }
            Self::JsonLinesGzip => [br#"{"schema":"#, json(exported)?.as_slice(), b"}\n"].concat(),
        })
    }
    pub(super) fn begin(self, table: &ExportedTable, length: u64) -> Vec<u8> {
        match self {
            Self::CsvTarGzip => archive::begin(&file_name(table), length),
            Self::SqlGzip | Self::JsonLinesGzip => Vec::new(),
        }
    }
    /// What stands before the rows of a table; part of its length.
    pub(super) fn head(self, table: &ExportedTable) -> Vec<u8> {
        match self {
            Self::CsvTarGzip => {
                let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
                format!("{}\r\n", names.join(",")).into_bytes()
            }
            Self::SqlGzip | Self::JsonLinesGzip => Vec::new(),
        }
    }
    pub(super) fn end(self, length: u64) -> Vec<u8> {
        if self == Self::CsvTarGzip { archive::end(length) } else { Vec::new() }
    }
    pub(super) fn ending(self) -> Vec<u8> {
        match self {
            Self::SqlGzip => b"-- End of export: complete and checked by Holdfast\n".to_vec(),
            Self::CsvTarGzip => archive::ending(),
            Self::JsonLinesGzip => Vec::new(),
        }
    }

    /// A row as it goes out.
    pub(super) fn row(self, table: &ExportedTable, tuple: &[u8], values: &[Value]) -> Result<Vec<u8>> {
        Ok(match self {
            Self::SqlGzip => [statement(table).as_bytes(), tuple, b";\n"].concat(),
            Self::CsvTarGzip => {
                let fields: Vec<_> = values.iter().map(csv).collect();
                format!("{}\r\n", fields.join(",")).into_bytes()
            }
            Self::JsonLinesGzip => {
                let mut line = format!("{{\"table\":{},\"row\":{{", string(&table.name)?);
                for (index, (column, value)) in table.columns.iter().zip(values).enumerate() {
                    if index > 0 {
                        line.push(',');
                    }
                    line.push_str(&string(&column.name)?);
                    line.push(':');
                    line.push_str(&json_value(value)?);
                }
                line.push_str("}}\n");
                line.into_bytes()
            }
        })
    }
}

pub(super) fn statement(table: &ExportedTable) -> String {
    let quote = domain::sources::quote_identifier;
    let columns: Vec<_> = table.columns.iter().map(|column| quote(&column.name)).collect();
    format!("INSERT INTO {} ({}) VALUES ", quote(&table.name), columns.join(","))
}

/// A safe name: the table's own letters and digits, and its place in the inventory.
fn file_name(table: &ExportedTable) -> String {
    let plain: String = table
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(64)
        .collect();
    format!("{:05}-{plain}.csv", table.number)
}

fn json(exported: &Exported) -> Result<Vec<u8>> {
    serde_json::to_vec(exported).map_err(|error| {
        Error::new(Kind::Format, "write an export's schema", "encoding failed").caused_by(error)
    })
}

fn string(text: &str) -> Result<String> {
    serde_json::to_string(text)
        .map_err(|error| Error::new(Kind::Format, "write a row", "encoding failed").caused_by(error))
}

pub(super) fn json_value(value: &Value) -> Result<String> {
    match value {
        Value::Null => Ok("null".into()),
        Value::Number(digits) if is_json_number(digits) => Ok(digits.clone()),
        Value::Number(text) | Value::Text(text) => string(text),
        Value::Binary(_) => string(&value.text().unwrap_or_default()),
    }
}

/// RFC 8259: no leading zeros, digits on both sides of a point.
pub(super) fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(all)
        && exponent.is_none_or(|exponent| all(exponent.trim_start_matches(['+', '-'])))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(super) fn csv(value: &Value) -> String {
    match value.text() {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\r', '\n']) => quoted(&text),
        Some(text) => text,
    }
}
