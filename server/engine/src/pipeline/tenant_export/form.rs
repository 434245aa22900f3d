//! The three forms of an export, written and read back.

use std::{collections::BTreeMap, io::Read};

use super::{
    archive,
    schema::{Exported, ExportedTable},
    value::Value,
};
use crate::{
    Error, Kind, Result,
    source::mysql::native::{
        literal::{self, Literal},
        schema::PREAMBLE,
    },
};

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

/// A row as it lies in an export: its table, and its values as text.
pub type ParsedRow = (String, Vec<Option<String>>);

fn unreadable() -> Error {
    Error::new(Kind::Integrity, "read an export", "it is not written as exports are written")
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

    /// The values of a row as they lie in the bytes that go out.
    pub(super) fn parse_row(self, table: &ExportedTable, line: &[u8]) -> Result<Vec<Option<String>>> {
        match self {
            Self::SqlGzip => {
                let tuple =
                    line.strip_prefix(statement(table).as_bytes()).and_then(|rest| rest.strip_suffix(b";\n"));
                sql_values(tuple.ok_or_else(unreadable)?)
            }
            Self::CsvTarGzip => {
                let (values, rest) = csv_record(line).ok_or_else(unreadable)?;
                if rest.is_empty() { Ok(values) } else { Err(unreadable()) }
            }
            Self::JsonLinesGzip => {
                let names: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
                let (found, values) = json_row(line, &|_| Some(names.clone()))?;
                if found == table.name { Ok(values) } else { Err(unreadable()) }
            }
        }
    }
}

/// Every row of a finished export, read from nothing but its bytes. For files that fit into memory.
pub fn parse(form: TenantForm, packed: &[u8]) -> Result<Vec<ParsedRow>> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut plain)
        .map_err(|error| unreadable().caused_by(error))?;
    let mut rows = Vec::new();
    match form {
        TenantForm::SqlGzip => {
            for line in plain.split_inclusive(|byte| *byte == b'\n') {
                let Some(rest) = line.strip_prefix(b"INSERT INTO ") else { continue };
                let text = String::from_utf8_lossy(rest);
                let (name, _) = identifier(&text).ok_or_else(unreadable)?;
                let at = find(line, b") VALUES ").ok_or_else(unreadable)?;
                let tuple =
                    line.get(at + 9..).and_then(|rest| rest.strip_suffix(b";\n")).ok_or_else(unreadable)?;
                rows.push((name, sql_values(tuple)?));
            }
        }
        TenantForm::CsvTarGzip => {
            let files = archive::files(&plain).ok_or_else(unreadable)?;
            let (_, schema) =
                files.first().filter(|(name, _)| name == "schema.json").ok_or_else(unreadable)?;
            let tables = names(schema)?;
            for ((name, _), (_, content)) in tables.iter().zip(files.iter().skip(1)) {
                let (_, mut content) = csv_record(content).ok_or_else(unreadable)?;
                while !content.is_empty() {
                    let (values, rest) = csv_record(content).ok_or_else(unreadable)?;
                    rows.push((name.clone(), values));
                    content = rest;
                }
            }
        }
        TenantForm::JsonLinesGzip => {
            let mut lines = plain.split_inclusive(|byte| *byte == b'\n');
            let first = lines.next().ok_or_else(unreadable)?;
            let schema: serde_json::Value = serde_json::from_slice(first).map_err(|_| unreadable())?;
            let schema =
                serde_json::to_vec(schema.get("schema").ok_or_else(unreadable)?).map_err(|_| unreadable())?;
            let tables: BTreeMap<_, _> = names(&schema)?.into_iter().collect();
            for line in lines {
                rows.push(json_row(line, &|table| tables.get(table).cloned())?);
            }
        }
    }
    Ok(rows)
}

/// Tables and the names of their columns, from a schema.
fn names(schema: &[u8]) -> Result<Vec<(String, Vec<String>)>> {
    let schema: serde_json::Value = serde_json::from_slice(schema).map_err(|_| unreadable())?;
    let name = |value: &serde_json::Value| value.get("name")?.as_str().map(str::to_owned);
    let table = |value: &serde_json::Value| {
        Some((name(value)?, value.get("columns")?.as_array()?.iter().map(name).collect::<Option<Vec<_>>>()?))
    };
    let tables = schema.get("tables").and_then(serde_json::Value::as_array).ok_or_else(unreadable)?;
    tables.iter().map(table).collect::<Option<Vec<_>>>().ok_or_else(unreadable)
}

fn statement(table: &ExportedTable) -> String {
    let quote = domain::sources::quote_identifier;
    let columns: Vec<_> = table.columns.iter().map(|column| quote(&column.name)).collect();
    format!("INSERT INTO {} ({}) VALUES ", quote(&table.name), columns.join(","))
}

/// A name between backticks at the beginning, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let end = rest.find('`')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(tail) => {
                name.push('`');
                rest = tail;
            }
            None => return Some((name, rest)),
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn sql_values(tuple: &[u8]) -> Result<Vec<Option<String>>> {
    let text = |literal| match literal {
        Literal::Null => None,
        Literal::Bare(text) => Some(text),
        Literal::Text(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Literal::Binary(bytes) => Some(format!("0x{}", hex::encode(bytes))),
    };
    Ok(literal::tuple(tuple)?.into_iter().map(text).collect())
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

fn json_value(value: &Value) -> Result<String> {
    match value {
        Value::Null => Ok("null".into()),
        Value::Number(digits) if is_json_number(digits) => Ok(digits.clone()),
        Value::Number(text) | Value::Text(text) => string(text),
        Value::Binary(_) => string(&value.text().unwrap_or_default()),
    }
}

/// RFC 8259: no leading zeros, digits on both sides of a point.
fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(all)
        && exponent.is_none_or(|exponent| all(exponent.trim_start_matches(['+', '-'])))
}

fn json_row(line: &[u8], columns: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<ParsedRow> {
    use serde_json::Value as Json;
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        table: String,
        row: BTreeMap<String, Json>,
    }
    let line: Line = serde_json::from_slice(line).map_err(|_| unreadable())?;
    let names = columns(&line.table).ok_or_else(unreadable)?;
    if names.len() != line.row.len() {
        return Err(unreadable());
    }
    let value = |name: &String| match line.row.get(name) {
        Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        _ => Err(unreadable()),
    };
    let values = names.iter().map(value).collect::<Result<_>>()?;
    Ok((line.table, values))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn csv(value: &Value) -> String {
    match value.text() {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\r', '\n']) => quoted(&text),
        Some(text) => text,
    }
}

/// One record and what follows it.
fn csv_record(bytes: &[u8]) -> Option<(Vec<Option<String>>, &[u8])> {
    let (mut values, mut rest) = (Vec::new(), bytes);
    loop {
        let value = if let Some(inside) = rest.strip_prefix(b"\"") {
            let (mut text, mut inside) = (Vec::new(), inside);
            loop {
                let end = inside.iter().position(|byte| *byte == b'"')?;
                let (plain, tail) = inside.split_at(end);
                text.extend_from_slice(plain);
                let tail = tail.get(1..)?;
                if let Some(tail) = tail.strip_prefix(b"\"") {
                    text.push(b'"');
                    inside = tail;
                } else {
                    rest = tail;
                    break;
                }
            }
            Some(String::from_utf8(text).ok()?)
        } else {
            let end = rest.iter().position(|byte| matches!(byte, b',' | b'\r'))?;
            let (plain, tail) = rest.split_at(end);
            rest = tail;
            (!plain.is_empty()).then(|| String::from_utf8_lossy(plain).into_owned())
        };
        values.push(value);
        if let Some(tail) = rest.strip_prefix(b",") {
            rest = tail;
        } else {
            return Some((values, rest.strip_prefix(b"\r\n")?));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn records_are_read_as_they_are_written() {
        let values = [
            Value::Null,
            Value::Text(String::new()),
            Value::Text("a,\"b\"\r\nc".into()),
            Value::Number("007".into()),
            Value::Binary(vec![0, 255]),
        ];
        let line: Vec<_> = values.iter().map(csv).collect();
        let line = format!("{}\r\nnext", line.join(","));
        let (read, rest) = csv_record(line.as_bytes()).unwrap();
        assert_eq!(rest, b"next");
        assert_eq!(read, values.iter().map(Value::text).collect::<Vec<_>>());
        assert_eq!(json_value(&values[3]).unwrap(), "\"007\"");
        for number in ["0", "-0e0", "1.50", "1e300", "-12"] {
            assert!(is_json_number(number), "{number}");
        }
        for text in ["", "-", "01", "1.", ".5", "0x1", "1e"] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
